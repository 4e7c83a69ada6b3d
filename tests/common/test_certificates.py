"""The authorities that servers are verified by are read once, and those that the user names."""

from __future__ import annotations

import httpx
import pytest

from engine.common.certificates import trusted_authorities


@pytest.fixture(autouse=True)
def _unnamed(monkeypatch):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_they_are_those_of_httpx_and_read_once():
    context = trusted_authorities()
    assert context is trusted_authorities()
    assert context.get_ca_certs() == httpx.create_ssl_context().get_ca_certs() != []


def test_those_that_the_environment_names_are_taken_instead(monkeypatch, tmp_path):
    usual = trusted_authorities()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert trusted_authorities() is not usual
    assert trusted_authorities().get_ca_certs() == []
