"""Prediction log: a sample of requests and answers that the embedded server writes to files.

exchange   one request and its answer
encode     an exchange as a line of JSON, or as the PredictionLog that TF Serving's request logger writes
framing    TFRecord framing of single records
folder     the files: rotation, final names for complete files, files of killed servers
log        sampling, the bounded queue and the writing thread: no request waits for a disk
reader     reads both formats, Marquee's and TF Serving's, and skips torn or damaged records
"""
