//! What this instance of the program uses.

use std::io;
use std::time::Duration;

use crate::abi;

/// For how long the program has been running, without the time that it has waited for the host.
///
/// # Errors
///
/// When the host does not measure it.
pub fn vcpu_time() -> io::Result<Duration> {
    Ok(Duration::from_millis(abi::vcpu_ms()?))
}

/// The size of the program's memory in MiB, rounded up. It never shrinks.
///
/// # Errors
///
/// When the host does not tell.
pub fn memory_mib() -> io::Result<u32> {
    Ok(abi::heap_mib()?)
}

#[cfg(test)]
mod tests {
    use edgekv_sys::FastlyStatus as Status;

    use super::*;
    use crate::abi::script::{self, answer};

    #[test]
    fn figures_are_those_of_the_host() {
        let script = script::start([
            answer("get_vcpu_ms").number(1500),
            answer("get_heap_mib").number(3),
            answer("get_heap_mib").status(Status::UNSUPPORTED),
        ]);
        assert_eq!(vcpu_time().unwrap(), Duration::from_millis(1500));
        assert_eq!(memory_mib().unwrap(), 3);
        assert_eq!(memory_mib().unwrap_err().kind(), io::ErrorKind::Unsupported);
        script.finish();
    }
}
