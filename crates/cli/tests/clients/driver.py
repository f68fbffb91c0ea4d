"""Makes calls of the official client: reads one a line, as JSON, and answers each by a line with its outcome."""

import json
import sys

import fastly
from fastly.api import kv_store_api, kv_store_item_api
from fastly.model.kv_store_request_create_or_update import KvStoreRequestCreateOrUpdate

configuration = fastly.Configuration(host=sys.argv[1])
configuration.api_token = sys.argv[2]


def outcome(stores, items, call, arguments):
    if "name" in arguments and call in ("kv_store_create", "kv_store_put"):
        body = KvStoreRequestCreateOrUpdate(name=arguments.pop("name"))
        arguments["kv_store_request_create_or_update"] = body
    api = stores if hasattr(stores, call) else items
    try:
        result, status, headers = getattr(api, call)(**arguments, _return_http_data_only=False)
    except fastly.ApiException as error:
        return {"error": type(error).__name__, "status": error.status, "body": str(error.body)}
    if hasattr(result, "to_dict"):
        result = result.to_dict()
    return {"result": result, "status": status, "headers": {name.lower(): headers[name] for name in headers}}


with fastly.ApiClient(configuration) as client:
    stores = kv_store_api.KvStoreApi(client)
    items = kv_store_item_api.KvStoreItemApi(client)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(outcome(stores, items, asked["call"], asked["arguments"]), default=str), flush=True)
