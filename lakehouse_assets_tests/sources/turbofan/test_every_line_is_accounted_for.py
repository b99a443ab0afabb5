"""The parser's rule: every line that is not blank is either a row or a reject, none is both, and none is lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.sources.turbofan.files import VALUE_COLUMNS, read_content

numbers = st.from_regex(r"-?[0-9]{1,4}\.[0-9]{2}", fullmatch=True)
small = st.integers(1, 400).map(str)
good = st.builds(
    lambda unit, cycle, values, blank: blank.join([unit, cycle, *values]).encode(),
    small,
    small,
    st.lists(numbers | st.sampled_from(["NaN", "abc", "1.2.3"]), min_size=24, max_size=24),
    st.sampled_from([" ", "\t", "   "]),
)
wrong_count = (
    st.lists(numbers, min_size=1, max_size=40).filter(lambda v: len(v) != 26).map(lambda v: " ".join(v).encode())
)
wrong_unit = good.map(lambda line: b"x" + line)
not_text = good.map(lambda line: line + b"\xfe")
anything = st.binary(min_size=1, max_size=60).map(lambda b: b.replace(b"\n", b"?")).filter(lambda b: _is_something(b))
blank = st.sampled_from([b"", b"  ", b"\t"])
lines = st.lists(
    st.tuples(st.just("good"), good)
    | st.tuples(st.just("bad"), wrong_count | wrong_unit | not_text)
    | st.tuples(st.just("any"), anything)
    | st.tuples(st.just("blank"), blank),
    max_size=12,
)


def _is_something(line: bytes) -> bool:
    """Neither blank nor beginning with the mark that only a file may begin with."""
    return not line.startswith(b"\xef\xbb\xbf") and bool(line.decode("utf-8", "replace").strip())


@settings(max_examples=60, deadline=None)
@given(lines, st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_every_line_is_a_row_or_a_reject_and_keeps_its_number(told, end, marked):
    content = (b"\xef\xbb\xbf" if marked else b"") + b"".join(line + end for _, line in told)
    delivery = read_content("train_FD001.txt", content)
    rows, rejects = delivery.rows["line"].tolist(), delivery.rejects["line"].tolist()
    said = {number: (what, line) for number, (what, line) in enumerate(told, start=1) if what != "blank"}
    if not said:
        assert (rows, rejects) == ([], [0])
        return
    assert sorted(rows + rejects) == list(said)
    assert rows == sorted(rows)
    for number, (what, _) in said.items():
        assert what == "any" or (number in rows) == (what == "good")
    for row in delivery.rows.to_dict("records"):
        assert [row[name] for name in VALUE_COLUMNS] == said[row["line"]][1].decode().split()
    for reject in delivery.rejects.to_dict("records"):
        # A lone CR before a CRLF is part of the line; no other byte is lost.
        kept = reject["content"] if reject["content"] is not None else reject["text"].encode()
        assert kept.rstrip(b"\r") == said[reject["line"]][1].rstrip(b"\r")


@settings(max_examples=60, deadline=None)
@given(lines, st.integers(0, 2000))
def test_a_file_cut_off_anywhere_keeps_the_fate_of_every_line_before_the_cut(told, cut):
    content = b"".join(line + b"  \n" for _, line in told)
    whole, torn = read_content("train_FD001.txt", content), read_content("train_FD001.txt", content[:cut])
    ended = content[:cut].count(b"\n")
    for frame in ("rows", "rejects"):
        before = [n for n in getattr(whole, frame)["line"] if 0 < n <= ended]
        assert [n for n in getattr(torn, frame)["line"] if 0 < n <= ended] == before
    assert set(torn.rows["line"]) <= set(whole.rows["line"])


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=30), st.binary(max_size=200))
def test_no_name_and_no_content_makes_the_reader_fail(name, content):
    for given_name in (name, "train_FD001.txt", "RUL_FD001.txt", "test_FS001_2024-01-01.txt"):
        delivery = read_content(given_name, content)
        assert len(delivery.rows) + len(delivery.rejects) > 0
