//! What the README shows, for tests that do it.

const README: &str = include_str!("../../README.md");

/// The block of the README in this language that has this text in it.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn block(language: &str, text: &str) -> &'static str {
    let found = blocks(README, language).find(|block| block.contains(text));
    found.unwrap_or_else(|| panic!("the README has no block in {language} with {text:?}"))
}

/// The blocks in this language, in their order.
pub fn blocks<'a>(text: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    blocks.filter(move |(of, _)| *of == language).map(|(_, block)| block)
}

/// What the README has under this title.
///
/// # Panics
///
/// When there is no such title.
#[must_use]
pub fn section(title: &str) -> &'static str {
    let found = README.split("\n## ").find_map(|section| section.strip_prefix(title)?.strip_prefix('\n'));
    found.unwrap_or_else(|| panic!("the README has no section {title:?}"))
}

/// The lines of a block for the shell that call this program, without its name and the comment behind them: as words, which
/// are in double quotes or between blanks.
pub fn calls(block: &str, program: &str) -> impl Iterator<Item = Vec<String>> {
    block.lines().filter_map(move |line| {
        let line = line.split(" # ").next().unwrap_or(line).trim();
        Some(words(line.strip_prefix(program)?.strip_prefix(' ')?))
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_lines_of_a_program_as_words() {
        let block = "other x\napp one \"two words\" three   # why\napp\napps x\n";
        assert_eq!(calls(block, "app").collect::<Vec<_>>(), [["one", "two words", "three"]]);
    }

    #[test]
    fn a_block_is_found_by_what_is_in_it() {
        assert!(block("rust,no_run", "http::serve").contains("fn answer"));
    }

    #[test]
    fn a_section_has_its_blocks_and_no_others() {
        assert!(blocks(section("Embed it"), "rust").eq([block("rust", "add_to_linker_sync")]));
        assert_eq!(
            blocks("```a\n1\n```\n```b\n2\n```\n```a\n3\n```\n", "a").collect::<Vec<_>>(),
            ["1\n", "3\n"]
        );
    }
}
