//! What the README shows, for tests that do it.

const README: &str = include_str!("../../README.md");

/// The block of the README in this language that has this text in it.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn block(language: &str, text: &str) -> &'static str {
    let mut blocks = README.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let found = blocks.find(|(of, block)| *of == language && block.contains(text));
    let Some((_, block)) = found else { panic!("the README has no block in {language} with {text:?}") };
    block
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
}
