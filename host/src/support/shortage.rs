//! Whether the machine had too little to give, in which case neither settings nor a component are to blame.

use std::{error::Error, io};

use rustix::io::Errno;

/// Whether the machine had no memory, threads or descriptors left: no settings can mend that, and trying again may.
pub(crate) fn is_shortage(error: &(dyn Error + 'static)) -> bool {
    let is_lack = |errno: Errno| matches!(errno, Errno::NOMEM | Errno::AGAIN | Errno::MFILE | Errno::NFILE);
    let mut next = Some(error);
    while let Some(cause) = next {
        let from_io = cause.downcast_ref::<io::Error>().and_then(Errno::from_io_error);
        if cause.downcast_ref::<Errno>().copied().or(from_io).is_some_and(is_lack) {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Box<dyn Error + Send + Sync>);

    #[test]
    fn a_shortage_is_known_wherever_it_is_in_the_chain() {
        let io = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        assert!(is_shortage(&Errno::NOMEM));
        assert!(is_shortage(&io(Errno::MFILE)));
        assert!(is_shortage(&Outer(Box::new(io(Errno::AGAIN)))));
        assert!(is_shortage(&Outer(Box::new(Outer(Box::new(Errno::NOMEM))))));
        for errno in [Errno::NOENT, Errno::NOSPC, Errno::ACCESS] {
            assert!(!is_shortage(&Outer(Box::new(io(errno)))), "{errno}");
        }
        assert!(!is_shortage(&Outer("Cannot allocate memory".into())), "a text proves nothing");
    }
}
