"""The contracts as the door serves them: files, and the description of each ministry's address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from connectors._kit.contract import Connector
from connectors._kit.push_contract import PUSH_WSDL, push_wsdl
from connectors._kit.split import splittable
from hub.contracts.collection import contract_files, ehis_files
from hub.http import answers
from routing import keys
from schemas.errors import Refused

_TYPES = {
    ".json": "application/schema+json",
    ".wsdl": "text/xml; charset=utf-8",
    ".xsd": "text/xml; charset=utf-8",
}


Endpoint = Callable[[Request], Awaitable[Response]]


def always(response: Response) -> Endpoint:
    """Answer everybody alike."""

    async def answer(_request: Request) -> Response:
        return response

    return answer


class Contracts:
    """Answers requests for contracts; none of them holds anything secret."""

    def __init__(self, connectors: Mapping[str, Connector], public_url: str | None) -> None:
        self._connectors = connectors
        self._public_url = public_url
        self._files = {name: contract_files(each) for name, each in connectors.items()}
        self._files["ehis"] = ehis_files()

    async def describe(self, request: Request) -> Response:
        """Give the WSDL to who asks for it (``?wsdl``), else say what may be sent here."""
        connector = self._connectors.get(request.path_params["ministry"])
        if connector is None:
            raise Refused("unknown-ministry", "", "there is no ministry of this name")
        if any(name.lower() == "wsdl" for name in request.query_params):
            return self._wsdl(connector, request)
        at, files = self._at(request), self._files[connector.name]
        return answers.as_json(
            {
                "ministry": connector.name,
                "title": connector.title,
                "contentTypes": connector.content_types,
                "splitContentTypes": splittable(connector),
                "lanes": keys.LANES,
                "contracts": [f"{at}/contracts/{connector.name}/{file}" for file in files],
            }
        )

    async def file(self, request: Request) -> Response:
        """Give a file of a contract."""
        ministry, name = request.path_params["ministry"], request.path_params["file"]
        if name == PUSH_WSDL and ministry in self._connectors:
            return self._wsdl(self._connectors[ministry], request)
        found = self._files.get(ministry, {}).get(name)
        if found is None:
            raise Refused("unknown-contract", "", "no contract has a file of this name")
        content_type = _TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
        return Response(found, media_type=content_type)

    def _wsdl(self, connector: Connector, request: Request) -> Response:
        at = self._at(request)
        address, folder = f"{at}/intake/{connector.name}", f"{at}/contracts/{connector.name}"
        wsdl = push_wsdl(connector, address, folder)
        if wsdl is None:
            raise Refused("unknown-contract", "", "this ministry does not speak SOAP here")
        return Response(wsdl, media_type=_TYPES[".wsdl"])

    def _at(self, request: Request) -> str:
        return self._public_url or str(request.base_url).rstrip("/")
