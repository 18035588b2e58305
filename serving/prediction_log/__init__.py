"""A sample of what a server was asked and answered, in files: written by the embedded server, read by anyone.

exchange   one request and its answer
encode     an exchange as a line of JSON, or as the PredictionLog that TF Serving's request logger writes
framing    TFRecord, a record at a time
folder     the files: rotation, whole files under their final names, what a killed server left
log        sampling, the bounded queue and the thread that writes: no request waits for a disk
reader     both formats back, ours and TF Serving's, past what is torn or damaged
"""
