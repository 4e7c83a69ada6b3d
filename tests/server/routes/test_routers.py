"""No route is there without its check."""

from __future__ import annotations

from fastapi.routing import APIRoute

from engine.server import app
from engine.server.routes.routers import ReadRouter


def test_every_route_of_the_app_needs_a_scope():
    routes = [route for room in app._ROOMS for route in room.router.routes]
    assert len(routes) > 60 and all(isinstance(room.router, ReadRouter) for room in app._ROOMS)
    for route in routes:
        assert isinstance(route, APIRoute), route
        scopes = [each.scopes for each in route.dependencies if hasattr(each, "scopes")]
        assert ["read"] in scopes, f"{route.path} lets everybody in"


def test_the_health_of_the_process_alone_is_described_as_open():
    described = app.api_description()["paths"]
    first = {path: next(iter(methods.values())) for path, methods in described.items()}
    assert [path for path, route in first.items() if not route.get("security")] == ["/healthz"]
