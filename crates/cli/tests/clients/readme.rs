//! What the README shows works as it is shown, but for the address.

use crate::server::{Server, TOKEN};

const README: &str = include_str!("../../../../README.md");
const ADDRESS: &str = "http://127.0.0.1:7677";

/// The lines of the README's block in this language that has this word in it.
fn block(language: &str, word: &str) -> String {
    let mut blocks = README.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.starts_with(language) && block.contains(word));
    block.unwrap().split_once('\n').unwrap().1.to_owned()
}

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
    let mut calls = 0;
    for line in lines.lines() {
        let line = line.split(" # ").next().unwrap().trim();
        if let Some(arguments) = line.strip_prefix("fastly ") {
            let arguments = words(&arguments.replace(" ID ", &format!(" {id} ")));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            cli.run(&arguments, "").good();
            calls += 1;
        }
    }
    assert_eq!(calls, 3, "{lines}");
    let written = http.get(&id, "message1").has(200);
    assert_eq!((written.text(), written.header("metadata")), ("this is message 1", Some("version: 1")));
    assert_eq!(http.value(&id, "index.html"), b"<p>hello</p>");
    for variable in ["FASTLY_API_ENDPOINT", "FASTLY_ACCOUNT_ENDPOINT"] {
        assert!(lines.contains(&format!("{variable}={ADDRESS}")), "{lines}");
    }
}

/// The words of a line of the shell, as far as the README needs it: in double quotes, or between blanks.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(number, part)| {
            let is_quoted = number % 2 == 1;
            if is_quoted {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        })
        .collect()
}
