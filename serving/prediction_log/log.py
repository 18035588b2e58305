"""Chooses which requests are written down; a thread of its own writes them, and no request ever waits."""

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

MOST_VALUES = 1_000_000  # that wait to be written: numbers and strings, tens of megabytes
MOST_EXCHANGES = 10_000
BATCH, BATCH_VALUES = 1024, 50_000  # exchanges, and values, that are written at once
GATHER_SECONDS = 0.02  # for a batch: to wake the thread for every request would cost more than to write it

LOGGED, DROPPED, FAILED = "logged", "dropped", "failed"

log = logging.getLogger(__name__)


class PredictionLog:
    """A server's log of predictions.

    What comes faster than it can be written is dropped; what the disk does not take has failed. Either is
    counted, and said once.

    Args:
        config: what is sampled, and where it goes.
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
        """Opens the folder and begins to write. Raises ServingError where it cannot be written."""
        self._folder.open()
        self._thread.start()

    def wants(self) -> bool:
        """Whether the next request is in the sample; to be asked once a request."""
        return self._config.sample >= 1 or self._draw() < self._config.sample

    def offer(self, exchange: Exchange) -> None:
        """Queues an exchange, whose arrays must not change any more; drops it where too much is waiting."""
        values = _values(exchange)
        with self._lock:
            full = self._waiting >= MOST_EXCHANGES or self._waiting_values + values > MOST_VALUES
            if full and self._waiting:  # a single one may be larger than all that usually waits
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
        """How many exchanges were LOGGED, DROPPED and FAILED."""
        with self._lock:
            return {result: self._counts[result] for result in (LOGGED, DROPPED, FAILED)}

    def close(self, seconds: float) -> None:
        """Writes what is waiting, for `seconds` at most, and finishes the file."""
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
            except Exception as error:  # whatever it is, requests are answered and the next ones tried
                self._say(FAILED, f"the prediction log is in trouble: {error}")
        try:
            self._folder.rotate()
        except OSError as error:
            log.warning("the last file of the prediction log cannot be finished: %s", error)

    def _next_batch(self) -> list[Exchange | None]:
        """What is waiting, a few at a time; empty when the file has become old before. None is the end."""
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
                time.sleep(0)  # gives the interpreter back: an answer would wait up to 5 ms for it
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
        """One record, or none where the format has nothing for a value."""
        try:
            if self._config.format == "jsonl":
                return [json_line(exchange)]
            return [tf_record(exchange, self._config.sample)]
        except Exception as error:
            self._say(FAILED, f"a request to {exchange.model} cannot be logged: {error}")
            return []

    def _say(self, what: str, text: str) -> None:
        """Once a server: the counters tell the rest."""
        if what not in self._said:
            self._said.add(what)
            log.warning("%s", text)


def _values(exchange: Exchange) -> int:
    return sum(array.size for arrays in (exchange.inputs, exchange.outputs) for array in arrays.values())
