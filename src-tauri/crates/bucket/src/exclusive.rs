//! Making an object that must not be there yet, over a network that loses answers.

use std::io;

use object_store::Error;

use crate::remote::is_refusal;

/// Attempts before the caller is told that the store does not answer.
const ATTEMPTS: u32 = 7;

/// Makes the object, or says that another is there.
///
/// `put` tries once, `read` gives what is there (`None` if nothing), `pause` waits before the n-th further attempt. When the
/// answer to an attempt was lost, an object with exactly this content is ours: each content is written by one writer,
/// because it names its own statement. Without a lost answer, the same content there is somebody else's.
pub(crate) fn create(
    content: &[u8],
    mut put: impl FnMut() -> io::Result<Result<(), Error>>,
    mut read: impl FnMut() -> io::Result<Option<Vec<u8>>>,
    mut pause: impl FnMut(u32),
    said: impl Fn(&Error) -> io::Error,
) -> io::Result<()> {
    let mut lost = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            pause(attempt);
        }
        match put()? {
            Ok(()) => return Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. }) => {
                match read()? {
                    Some(found) if lost.is_some() && found == content => return Ok(()),
                    Some(_) => return Err(io::ErrorKind::AlreadyExists.into()),
                    // Two at the same moment can both be told of a conflict, and neither has made anything.
                    None => {}
                }
            }
            Err(error) if is_refusal(&error) => return Err(said(&error)),
            Err(error) => lost = Some(said(&error)),
        }
    }
    // Nobody answered for certain. What is there decides, as far as that can be seen.
    match read() {
        Ok(Some(found)) if found == content => Ok(()),
        Ok(Some(_)) => Err(io::ErrorKind::AlreadyExists.into()),
        Ok(None) | Err(_) => {
            Err(lost.unwrap_or_else(|| io::Error::other("the store refuses every attempt as a conflict")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::{Cell, RefCell};

    use super::*;

    fn generic() -> Error {
        Error::Generic { store: "test", source: "the connection ended".into() }
    }

    fn taken() -> Error {
        Error::AlreadyExists { path: "x".to_owned(), source: "412".into() }
    }

    /// A store whose n-th attempt to create does something and answers something.
    struct Shop {
        there: RefCell<Option<Vec<u8>>>,
        attempts: Cell<usize>,
        /// For each attempt: whether it is carried out, and whether its answer arrives.
        plan: Vec<(bool, bool)>,
    }

    impl Shop {
        fn new(there: Option<&[u8]>, plan: &[(bool, bool)]) -> Self {
            Self { there: RefCell::new(there.map(Vec::from)), attempts: Cell::new(0), plan: plan.to_vec() }
        }

        fn create(&self, content: &[u8]) -> io::Result<()> {
            let put = || {
                let (done, answers) = self.plan.get(self.attempts.get()).copied().unwrap_or((true, true));
                self.attempts.set(self.attempts.get() + 1);
                let free = self.there.borrow().is_none();
                if done && free {
                    *self.there.borrow_mut() = Some(content.to_vec());
                }
                Ok(match (answers, free) {
                    (false, _) => Err(generic()),
                    (true, true) => Ok(()),
                    (true, false) => Err(taken()),
                })
            };
            create(
                content,
                put,
                || Ok(self.there.borrow().clone()),
                |_| (),
                |error| io::Error::other(error.to_string()),
            )
        }
    }

    #[test]
    fn one_of_several_gets_the_name() {
        let shop = Shop::new(None, &[]);
        shop.create(b"one").unwrap();
        assert_eq!(shop.create(b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let same = shop.create(b"one").unwrap_err().kind();
        assert_eq!(same, io::ErrorKind::AlreadyExists, "the same content from another writer is another's");
        assert_eq!(shop.there.borrow().as_deref(), Some(&b"one"[..]));
    }

    #[test]
    fn a_lost_answer_is_found_again() {
        let done = Shop::new(None, &[(true, false)]);
        done.create(b"one").unwrap();
        assert_eq!(done.attempts.get(), 2, "the second attempt is told that it is there, and it is ours");
        let not_done = Shop::new(None, &[(false, false)]);
        not_done.create(b"one").unwrap();
        assert_eq!(not_done.there.borrow().as_deref(), Some(&b"one"[..]), "what was not carried out is repeated");
        let others = Shop::new(Some(b"two"), &[(true, false)]);
        assert_eq!(others.create(b"one").unwrap_err().kind(), io::ErrorKind::AlreadyExists, "another was faster");
    }

    #[test]
    fn a_store_that_never_answers_is_an_error_unless_it_is_there() {
        let deaf = Shop::new(None, &[(false, false); 99]);
        let error = deaf.create(b"one").unwrap_err();
        assert!(error.to_string().contains("the connection ended"), "{error}");
        assert_eq!(deaf.attempts.get(), ATTEMPTS as usize);
        let mute = Shop::new(None, &[(true, false); 99]);
        mute.create(b"one").unwrap();
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        let mut attempts = 0;
        let refused = create(
            b"one",
            || {
                attempts += 1;
                Ok(Err(Error::PermissionDenied { path: "x".to_owned(), source: "403".into() }))
            },
            || Ok(None),
            |_| (),
            |_| io::ErrorKind::PermissionDenied.into(),
        );
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(attempts, 1);
    }
}
