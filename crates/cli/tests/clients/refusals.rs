//! What cannot be done, as the clients tell it.

use serde_json::json;

use crate::command_line::CommandLine;
use crate::python::Python;
use crate::server::Server;

pub(crate) fn what_is_not_there_is_said_so(server: &Server) {
    let (cli, mut python) = (server.command_line(), server.python());
    let id = server.http().create("there");
    cli.entry("get", &id, &["--key", "nobody"])
        .fails(&["404 Not Found", "there is no key \"nobody\" in the store \"there\""]);
    cli.entry("describe", &id, &["--key", "nobody"]).fails(&["404 Not Found"]);
    cli.entry("delete", &id, &["--key", "nobody"]).fails(&["404 Not Found", "force"]);
    cli.entry("delete", &id, &["--key", "nobody", "--force"]).good();
    let nobody = json!({ "store_id": id, "key": "nobody" });
    python.fails("kv_store_get_item", nobody.clone(), "NotFoundException", 404);
    python.fails("kv_store_delete_item", nobody, "NotFoundException", 404);
    python.call("kv_store_delete_item", json!({ "store_id": id, "key": "nobody", "force": true }));

    // One that could be, and some that could not.
    for other in ["abcdefghijklmnopqrstuv", "there", "x", "%2e%2e"] {
        let no_store = ["404 Not Found", "there is no store"];
        cli.store("describe", &["--store-id", other]).fails(&no_store);
        cli.entry("list", other, &[]).fails(&no_store);
        cli.entry("create", other, &["--key", "k", "--value", "v"]).fails(&no_store);
        cli.entry("get", other, &["--key", "k"]).fails(&no_store);
        let item = json!({ "store_id": other, "key": "k", "body": "v" });
        python.fails("kv_store_upsert_item", item, "NotFoundException", 404);
        python.fails("kv_store_list_item_keys", json!({ "store_id": other }), "NotFoundException", 404);
    }
}

pub(crate) fn a_token_is_needed_where_there_is_one(server: &Server) {
    let id = server.http().create("guarded");
    for wrong in ["wrong", "iN4_R8yk-Xq2TzPw7vLm0CsBd9Hf3Jg"] {
        let cli = CommandLine::new(server.address, wrong);
        cli.store("list", &[]).fails(&["401 Unauthorized", "token"]);
        cli.entry("create", &id, &["--key", "k", "--value", "v"]).fails(&["401 Unauthorized"]);
        let mut python = Python::start(server.address, wrong);
        let item = json!({ "store_id": id, "key": "k", "body": "v" });
        python.fails("kv_store_upsert_item", item, "UnauthorizedException", 401);
        python.fails("kv_store_list", json!({}), "UnauthorizedException", 401);
    }
    server.http().get(&id, "k").has(404);
}

pub(crate) fn values_that_are_too_large_are_refused(server: &Server) {
    let (cli, mut http) = (server.command_line(), server.http());
    let id = server.http().create("large");
    let limit = usize::try_from(edgekv_store::Limits::default().max_value_bytes).unwrap();
    cli.file("values/fits", vec![b'x'; limit]);
    let folder = cli.file("values/too large", vec![b'x'; limit + 1]);
    let folder = folder.strip_suffix("/too large").unwrap();
    cli.entry("create", &id, &["--dir", folder]).fails(&["too large", "413", &limit.to_string()]);
    http.get(&id, "too large").has(404);
    assert_eq!(http.value(&id, "fits").len(), limit);
    cli.entry("create", &id, &["--key", "fits", "--value", "y", "--append"])
        .fails(&["413", &limit.to_string()]);
    assert_eq!(http.get(&id, "fits").has(200).header("stored-content-length"), Some(&*limit.to_string()));
    // It goes on as before.
    cli.entry("create", &id, &["--key", "k", "--value", "v"]).good();
}
