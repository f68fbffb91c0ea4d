//! Panics, which ends a guest by a trap; the argument is the panic's message.

fn main() {
    let message = std::env::args().nth(1).unwrap_or_else(|| "the guest asked for it".to_owned());
    panic!("{message}");
}
