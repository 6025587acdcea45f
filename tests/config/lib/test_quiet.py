"""Inside a rehearsal nobody outside is called, and after it everybody is again."""

import pytest

from config.lib import http, quiet
from config.lib.errors import ProviderError


def test_nobody_is_called_inside_and_again_after() -> None:
    with quiet.silence():
        with pytest.raises(ProviderError) as caught:
            http.request("GET", "https://example.org/")
        assert (caught.value.code, caught.value.kind) == ("rehearsal", "permanent")
        with quiet.silence():
            assert quiet.is_silent()
        assert quiet.is_silent(), "the inner one ends only itself"
    assert not quiet.is_silent()
    quiet.check()


def test_it_ends_with_an_error_too() -> None:
    with pytest.raises(ValueError, match="x"), quiet.silence():
        raise ValueError("x")
    assert not quiet.is_silent()
