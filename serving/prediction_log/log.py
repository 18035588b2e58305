"""Samples requests for the log and writes them in a separate thread, so that no request waits."""

import logging
import queue
import random
import threading
import time
from collections import Counter

from serving.prediction_log.config import LogConfig
from serving.prediction_log.encode import json_line, tf_record
from serving.prediction_log.exchange import Exchange
from serving.prediction_log.folder import LogFolder

MOST_VALUES = 1_000_000  # maximum number of queued values: numbers and strings, tens of megabytes
MOST_EXCHANGES = 10_000
BATCH, BATCH_VALUES = 1024, 50_000  # exchanges, and values, that are written at once
GATHER_SECONDS = 0.02  # wait for a batch: waking the thread for every request would cost more than writing

LOGGED, DROPPED, FAILED = "logged", "dropped", "failed"

log = logging.getLogger(__name__)


class PredictionLog:
    """Prediction log of a server.

    Exchanges that arrive faster than they can be written are dropped, and those that the disk refuses fail.
    Both are counted, and reported once.

    Args:
        config: sampling and files of the log.
    """

    def __init__(self, config: LogConfig):
        self._config = config
        self._folder = LogFolder(
            config.folder, config.format, config.rotate_mb * 1e6, config.rotate_minutes * 60
        )
        self._draw = random.Random(config.seed).random
        self._queue: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting, self._waiting_values = 0, 0
        self._counts: Counter[str] = Counter()
        self._said: set[str] = set()
        self._thread = threading.Thread(target=self._write_all, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Opens the folder and begins to write. Raises ServingError if it cannot be written."""
        self._folder.open()
        self._thread.start()

    def wants(self) -> bool:
        """Returns whether the next request is in the sample; to be called once per request."""
        return self._config.sample >= 1 or self._draw() < self._config.sample

    def offer(self, exchange: Exchange) -> None:
        """Queues an exchange, whose arrays must not change any more; drops it if the queue is full."""
        values = _values(exchange)
        with self._lock:
            full = self._waiting >= MOST_EXCHANGES or self._waiting_values + values > MOST_VALUES
            if full and self._waiting:  # a single exchange may be larger than the limit
                self._counts[DROPPED] += 1
            else:
                self._waiting += 1
                self._waiting_values += values
                full = False
        if full:
            self._say(DROPPED, "requests come faster than they can be logged: some are left out")
        else:
            self._queue.put(exchange)

    def counts(self) -> dict[str, int]:
        """Returns the numbers of exchanges that were LOGGED, DROPPED and FAILED."""
        with self._lock:
            return {result: self._counts[result] for result in (LOGGED, DROPPED, FAILED)}

    def close(self, seconds: float) -> None:
        """Writes the queued exchanges, for `seconds` at most, and finishes the file."""
        if not self._thread.is_alive():
            return
        self._queue.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.warning("the prediction log could not be written in time: %d are lost", self._waiting)

    def _write_all(self) -> None:
        going = True
        while going:
            try:
                batch = self._next_batch()
                going = None not in batch
                self._write([exchange for exchange in batch if exchange is not None])
                self._folder.rotate_if_due()
            except Exception as error:  # no error may stop the writer
                self._say(FAILED, f"the prediction log is in trouble: {error}")
        try:
            self._folder.rotate()
        except OSError as error:
            log.warning("the last file of the prediction log cannot be finished: %s", error)

    def _next_batch(self) -> list[Exchange | None]:
        """Returns queued exchanges in batches; none if the file becomes due first. None marks the end."""
        batch: list[Exchange | None] = []
        values = 0
        try:
            while len(batch) < BATCH and values < BATCH_VALUES and None not in batch[-1:]:
                batch.append(self._queue.get(timeout=0 if batch else self._folder.seconds_left()))
                values += _values(batch[-1]) if batch[-1] else 0
                if len(batch) == 1 and batch[0]:
                    time.sleep(GATHER_SECONDS)
        except queue.Empty:
            pass
        return batch

    def _write(self, batch: list[Exchange]) -> None:
        records, logged = [], 0
        try:
            for exchange in batch:
                records += self._encoded(exchange)
                time.sleep(0)  # releases the GIL: an answer would wait up to 5 ms for it
            if records:
                self._folder.append(b"".join(records))
            logged = len(records)
        except OSError as error:
            self._say(FAILED, f"the prediction log cannot be written, and requests go on: {error}")
        finally:
            with self._lock:
                self._counts[LOGGED] += logged
                self._counts[FAILED] += len(batch) - logged
                self._waiting -= len(batch)
                self._waiting_values -= sum(map(_values, batch))

    def _encoded(self, exchange: Exchange) -> list[bytes]:
        """Returns one record, or none if the format cannot hold a value."""
        try:
            if self._config.format == "jsonl":
                return [json_line(exchange)]
            return [tf_record(exchange, self._config.sample)]
        except Exception as error:
            self._say(FAILED, f"a request to {exchange.model} cannot be logged: {error}")
            return []

    def _say(self, what: str, text: str) -> None:
        """Logs a problem once per server; the counters tell the rest."""
        if what not in self._said:
            self._said.add(what)
            log.warning("%s", text)


def _values(exchange: Exchange) -> int:
    return sum(array.size for arrays in (exchange.inputs, exchange.outputs) for array in arrays.values())
