import pytest

from config.lib.errors import ProviderError
from config.lib.http import Response
from messaging.providers.meta_direct.errors import CODES, classify, code_of, pair_wait, raise_for

RETRY = (1, 2, 4, 17, 613, 80007, 130429, 131056, 131016, 131000, 131057, 133016)
WINDOW = (131047, 131049, 131050, 130472, 131048, 368, 131031, 130497, 131064)
AUTH = (0, 3, 10, 190, 200, 210, 299, 131005, 131045, 131042)
PERMANENT = (100, 131008, 131009, 131021, 131026, 131030, 131051, 131052, 131053, 131037, 131062, 131063)
PERMANENT += (132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068, 132069, 135000, 137000)


@pytest.mark.parametrize(
    "codes, kind", [(RETRY, "retry"), (WINDOW, "window"), (AUTH, "auth"), (PERMANENT, "permanent")]
)
def test_each_documented_code_has_its_kind_and_a_sentence(codes, kind):
    for code in codes:
        verdict = classify(code, status=400)
        assert (verdict.kind, verdict.code) == (kind, str(code))
        assert verdict.text.endswith(".")


def test_no_code_is_known_that_is_not_documented():
    by_range = {200, 210, 299}
    assert set(CODES) == {*RETRY, *WINDOW, *AUTH, *PERMANENT} - by_range


@pytest.mark.parametrize(
    "status, kind",
    [(500, "retry"), (503, "retry"), (429, "retry"), (408, "retry"), (401, "auth"), (403, "auth"), (400, "permanent")],
)
def test_the_status_decides_only_where_the_code_is_silent(status, kind):
    assert classify(None, status=status).kind == kind
    assert classify(999_999, status=status).kind == kind
    assert classify(131047, status=status).kind == "window"


def test_the_waits_that_meta_documents_are_named():
    assert classify(131056).retry_after == 4
    assert classify(131049).retry_after == 86_400
    assert classify(131026).retry_after is None


def test_writing_to_one_person_too_fast_waits_longer_each_time():
    assert [pair_wait(attempt) for attempt in (0, 1, 2, 3, 50)] == [4, 4, 16, 64, 3600]


@pytest.mark.parametrize("given", [None, "x", [], {}, {"code": True}, {"code": "12x"}, {"code": 10**30}, {"code": {}}])
def test_no_code_is_read_out_of_nonsense(given):
    assert code_of(given) is None


def test_zero_is_a_code():
    assert code_of({"code": 0}) == 0
    assert code_of({"code": "131026"}) == 131026
    assert classify(0, status=500).kind == "auth"


def test_an_error_in_a_list_or_in_html_is_judged_by_its_status():
    for content in (b"<html>", b"[]", b'{"error": []}', b""):
        with pytest.raises(ProviderError) as caught:
            raise_for(Response(503, {}, content))
        assert (caught.value.kind, caught.value.code) == ("retry", "http_503")
