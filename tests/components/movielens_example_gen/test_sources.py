import http.server
import io
import stat
import threading
import zipfile

import pytest
from movielens_files import custom

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files import sources
from components.movielens_example_gen.files.archive import unpack
from marquee.errors import DataError


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


SMALL = zipped(**{"ml-latest-small__ratings.csv": "userId,movieId,rating,timestamp\n1,1,4,9\n"})


@pytest.fixture
def grouplens(monkeypatch):
    """A GroupLens on this machine: name -> (content, the length that it claims)."""
    served: dict[str, tuple[bytes, int]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.strip("/") not in served:
                self.send_error(404)
                return
            content, length = served[self.path.strip("/")]
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(sources.URL_VARIABLE, f"http://127.0.0.1:{server.server_port}/")
    yield served
    server.shutdown()
    server.server_close()


def test_a_download_is_unpacked_into_the_cache_and_found_there_again(tmp_path, grouplens):
    grouplens["ml-latest-small.zip"] = (SMALL, len(SMALL))
    lines, progress = [], []
    config = DataConfig(dataset="ml-latest-small")
    first = sources.locate(config, tmp_path, lines.append, lambda *step: progress.append(step))
    assert (first.path / "ratings.csv").read_text().endswith("1,1,4,9\n")
    assert first.origin == "GroupLens, ml-latest-small.zip"
    assert progress[-1] == (len(SMALL), len(SMALL))
    assert len(lines) == 1
    grouplens.clear()
    assert sources.locate(config, tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == ["ml-latest-small"]


def test_a_path_comes_before_everything_else(tmp_path, grouplens):
    located = sources.locate(DataConfig(path=str(tmp_path)), tmp_path / "cache")
    assert (located.path, located.origin) == (tmp_path, str(tmp_path))


def test_a_zip_archive_may_be_the_path(tmp_path):
    (tmp_path / "mine.zip").write_bytes(SMALL)
    for _ in range(2):
        located = sources.locate(custom(tmp_path / "mine.zip"), tmp_path / "cache")
        assert (located.path / "ratings.csv").is_file()
    assert located.origin == str(tmp_path / "mine.zip")


def test_a_path_that_does_not_exist_is_an_error_and_not_a_download(tmp_path):
    with pytest.raises(DataError, match="nowhere does not exist"):
        sources.locate(DataConfig(path=str(tmp_path / "nowhere")), tmp_path)


def test_a_wrong_checksum_says_both_and_leaves_nothing(tmp_path, grouplens):
    grouplens["ml-1m.zip"] = (SMALL, len(SMALL))
    with pytest.raises(DataError, match=r"MD5.* is [0-9a-f]{32}, and GroupLens published c4d9eecfca"):
        sources.locate(DataConfig(dataset="ml-1m"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_ends_too_early_says_where_and_leaves_nothing(tmp_path, grouplens):
    grouplens["ml-latest-small.zip"] = (SMALL[:50], len(SMALL))
    with pytest.raises(DataError, match=f"ended after 50 of {len(SMALL)} bytes"):
        sources.locate(DataConfig(dataset="ml-latest-small"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_is_no_archive_leaves_nothing(tmp_path, grouplens):
    grouplens["ml-latest-small.zip"] = (b"<html>", 6)
    with pytest.raises(DataError, match="not a whole zip archive"):
        sources.locate(DataConfig(dataset="ml-latest-small"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_100k_without_a_way_to_grouplens_is_recboles_copy(tmp_path, grouplens):
    lines = []
    located = sources.locate(DataConfig(), tmp_path, lines.append)
    assert (located.path / "ml-100k.inter").is_file()
    assert located.origin == "MovieLens 100K in the recbole package"
    assert "404" in lines[1]


def test_when_nothing_can_be_had_all_four_ways_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv(sources.URL_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(DataError) as error:
        sources.locate(DataConfig(dataset="ml-25m"), tmp_path)
    for way in ("data.path", f"no folder {tmp_path / 'ml-25m'}", "127.0.0.1:9/ml-25m.zip", "recbole package"):
        assert way in str(error.value)


def test_an_unreachable_machine_without_recbole_names_all_four_ways_for_100k_too(tmp_path, monkeypatch):
    monkeypatch.setenv(sources.URL_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="recbole package: is not installed"):
        sources.locate(DataConfig(), tmp_path)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "C:\\x", "..\\x"])
def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path, name):
    (tmp_path / "a.zip").write_bytes(zipped(**{name: "x"}))
    with pytest.raises(DataError, match="outside the destination"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_archive_with_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("ml/u.data")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("components.movielens_example_gen.files.archive.MOST_BYTES", 1000)
    (tmp_path / "a.zip").write_bytes(zipped(bomb="0" * 1001))
    with pytest.raises(DataError, match="more than any MovieLens release"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_damaged_archive_leaves_nothing(tmp_path):
    data = bytearray(zipped(a="x" * 1000, b="y" * 1000))
    data[40:44] = b"\0\0\0\0"
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match="not a whole zip archive"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
