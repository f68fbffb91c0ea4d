//! What the README shows works as it is shown, but for the address.

use edgekv_tests::readme::{block, calls};

use crate::server::{Server, TOKEN};

const ADDRESS: &str = "http://127.0.0.1:7677";

pub(crate) fn what_the_readme_shows_of_the_clients_works(server: &Server) {
    let (cli, mut http) = (server.command_line(), server.http());
    let id = server.http().create("mystore");
    let address = format!("http://{}", server.address);

    let program = block("python", "import fastly");
    assert!(program.contains(ADDRESS), "{program}");
    let program = format!("ID = {id:?}\n{}", program.replace(ADDRESS, &address));
    let output = crate::python::interpreter().args(["-c", &program]).env("FASTLY_API_TOKEN", TOKEN).output();
    let output = output.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "this is message 1\n", "{output:?}");
    let left = http.get(&id, "message1").has(200).header("time_to_live_sec").map(str::to_owned);
    assert!(left.is_some_and(|left| (200..=300).contains(&left.parse::<u32>().unwrap())));

    cli.file("site/index.html", "<p>hello</p>");
    let lines = block("sh", "fastly kv-store list");
    let mut called = 0;
    for words in calls(lines, "fastly") {
        let words: Vec<&str> = words.iter().map(|word| if word == "ID" { &*id } else { word }).collect();
        cli.run(&words, "").good();
        called += 1;
    }
    assert_eq!(called, 3, "{lines}");
    let written = http.get(&id, "message1").has(200);
    assert_eq!((written.text(), written.header("metadata")), ("this is message 1", Some("version: 1")));
    assert_eq!(http.value(&id, "index.html"), b"<p>hello</p>");
    for variable in ["FASTLY_API_ENDPOINT", "FASTLY_ACCOUNT_ENDPOINT"] {
        assert!(lines.contains(&format!("{variable}={ADDRESS}")), "{lines}");
    }
}
