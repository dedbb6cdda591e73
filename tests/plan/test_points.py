"""Tables of runs: found by their usual heads, completed by C = 6 N D, and refused with file and line where a figure is no figure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import ConfigError, DataError, PunaError
from puna.plan.points import points, read_points
from puna.plan.prediction import read_scores

GOOD = "compute,tokens,loss\n6e18,1e9,3.5\n6e19,1e10,3.0\n"


def written(tmp_path, text):
    path = tmp_path / "runs.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_third_of_compute_params_and_tokens_follows(tmp_path):
    runs = read_points(written(tmp_path, GOOD))
    assert runs.params == pytest.approx([1e9, 1e9])
    assert points(loss=[3.0], params=[1e9], tokens=[2e10]).compute == pytest.approx([1.2e20])
    assert points(loss=[3.0], params=[1e9], compute=[1.2e20]).tokens == pytest.approx([2e10])


@pytest.mark.parametrize(
    "head",
    ["Training FLOP,Model Size,loss", "compute_budget,N,validation_loss", "C,params,L", "FLOPs,Parameters,val loss", "\ufeffflops,n,nll"],
)
def test_usual_heads_are_found(tmp_path, head):
    runs = read_points(written(tmp_path, f"# a remark\n{head}\n6e18,1e9,3.5\n\n"))
    assert (runs.compute[0], runs.params[0], runs.tokens[0], runs.loss[0]) == (6e18, 1e9, pytest.approx(1e9), 3.5)


def test_other_heads_are_named(tmp_path):
    path = written(tmp_path, "budget (FLOP),seen,nats,tokens\n6e18,1e9,3.5,7\n")
    assert read_points(path, columns="compute=budget (FLOP), tokens=seen,loss=nats").tokens[0] == 1e9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("compute,tokens\n1e18,1e9\n", "no column for loss"),
        ("tokens,loss\n1e9,3\n", "needs two of compute, params and tokens, and has only tokens"),
        ("a,loss\n1e9,3\n", "and has none"),
        ("compute,tokens,loss\n1e18,1e9,nan\n", "runs.csv:2: loss is 'nan'"),
        ("compute,tokens,loss\n1e18,1e9,3\n1e18,-1e9,3\n", "runs.csv:3: tokens is '-1e9'"),
        ("compute,tokens,loss\n1e18,0,3\n", "above 0"),
        ("compute,tokens,loss\n1e18,,3\n", "tokens is ''"),
        ("compute,tokens,loss\n1e999,1,3\n", "compute is '1e999'"),
        ("compute,tokens,loss\n1e18,1e9\n", "has 2 cells, and the head has 3"),
        ("params,tokens,loss\n1e300,1e300,3\n", "range of floating-point numbers"),
        ("compute,tokens,loss\n", "has a head and no rows"),
        ("", "is empty"),
        ("compute,flops,tokens,loss\n1,1,1,1\n", "could both be compute"),
        ("compute,compute,tokens,loss\n1,1,1,1\n", "two columns are called 'compute'"),
        (b"\xff\xfe\x00", "UTF-8"),
        ('compute,tokens,loss\n"1e18,1e9,3\n', "not valid CSV"),
    ],
)
def test_what_is_no_table_of_runs_is_refused_in_one_line(tmp_path, text, said):
    with pytest.raises(DataError) as error:
        read_points(written(tmp_path, text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_wrong_columns_name_the_nearest(tmp_path):
    path = written(tmp_path, GOOD)
    with pytest.raises(ConfigError, match="did you mean 'tokens'"):
        read_points(path, columns="token=tokens")
    with pytest.raises(DataError, match="no column 'los'; did you mean 'loss'"):
        read_points(path, columns="loss=los")
    with pytest.raises(ConfigError, match="write role=what"):
        read_points(path, columns="what")
    with pytest.raises(ConfigError, match="given twice"):
        read_points(path, columns="loss=loss,loss=tokens")
    with pytest.raises(DataError, match="no such file"):
        read_points(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_points(tmp_path)


def test_arrays_are_held_to_the_same():
    with pytest.raises(DataError, match="give two of"):
        points(loss=[1.0], compute=[1.0])
    with pytest.raises(DataError, match="different lengths"):
        points(loss=[1.0], compute=[1.0, 2.0], params=[1.0])
    with pytest.raises(DataError, match="loss of point 2 is nan"):
        points(loss=[1.0, np.nan], compute=[1.0, 1.0], params=[1.0, 1.0])


@settings(max_examples=500, deadline=None)
@given(place=st.integers(0, 60), byte=st.binary(min_size=0, max_size=3), cut=st.integers(0, 3))
def test_mutated_tables_are_read_or_refused(tmp_path_factory, place, byte, cut):
    data = b"compute,tokens,loss,accuracy\n6e18,1e9,3.5,0.3\n,1e10,3.0,\n"
    path = tmp_path_factory.getbasetemp() / "mutated.csv"
    path.write_bytes(data[:place] + byte + data[place + cut :])
    for read in (read_points, read_scores):
        try:
            found = read(path)
        except PunaError:
            continue
        assert len(found.compute)
