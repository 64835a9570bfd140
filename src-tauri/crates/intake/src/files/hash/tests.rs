use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

use super::*;
use crate::files::walk::{WalkOptions, walk};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn found(path: &Path) -> io::Result<FoundFile> {
    Ok(FoundFile {
        path: path.to_string_lossy().as_ref().into(),
        absolute: path.to_owned(),
        stat: stat_of(&std::fs::symlink_metadata(path)?),
    })
}

fn hash(path: &Path) -> Result<Hashed, HashError> {
    hash_file(path, &FileStat::default(), &|| false, &|_| {})
}

#[test]
fn digests_are_those_of_the_standard() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("abc");
    std::fs::write(&path, "abc")?;
    // FIPS 180-2, appendix B.1.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let hashed = hash(&path)?;
    assert_eq!(hashed.digest.hex(), expected);
    assert_eq!(hashed.head, b"abc");
    std::fs::write(&path, "")?;
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hash(&path)?.digest.hex(), empty);
    Ok(())
}

#[test]
fn sizes_around_the_buffer_agree_with_one_piece() -> Outcome {
    let folder = tempfile::tempdir()?;
    for size in [HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3 * BUFFER_BYTES + 7] {
        let bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        let path = folder.path().join("x");
        std::fs::write(&path, &bytes)?;
        let read = AtomicU64::new(0);
        let hashed = hash_file(&path, &FileStat::default(), &|| false, &|n| {
            read.fetch_add(n, Ordering::Relaxed);
        })?;
        assert_eq!(hashed.digest.as_bytes()[..], Sha256::digest(&bytes)[..], "{size} bytes");
        assert_eq!(hashed.head, bytes.get(..HEAD_BYTES.min(size)).unwrap_or_default());
        assert_eq!((hashed.stat.size, read.into_inner()), (size as u64, size as u64));
    }
    Ok(())
}

#[test]
fn a_file_that_is_written_all_the_time_is_given_up_and_one_that_rests_is_read() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("growing");
    std::fs::write(&path, vec![0u8; 4 * BUFFER_BYTES])?;
    let append = |_| {
        let grown = std::fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(b"more"));
        assert!(grown.is_ok());
    };
    let outcome = hash_file(&path, &FileStat::default(), &|| false, &append);
    assert!(matches!(outcome, Err(HashError::ChangedWhileRead { .. })), "{outcome:?}");
    let once = AtomicBool::new(false);
    let append_once = |n| {
        if !once.swap(true, Ordering::Relaxed) {
            append(n);
        }
    };
    let hashed = hash_file(&path, &FileStat::default(), &|| false, &append_once)?;
    assert_eq!(hashed.digest, hash(&path)?.digest, "the second reading counts");
    Ok(())
}

#[test]
fn what_is_gone_or_is_no_file_has_its_own_error() -> Outcome {
    let folder = tempfile::tempdir()?;
    assert!(matches!(hash(&folder.path().join("none")), Err(HashError::Vanished { .. })));
    assert!(matches!(hash(folder.path()), Err(HashError::NotARegularFile { .. })));
    let path = folder.path().join("x");
    std::fs::write(&path, "x")?;
    let stopped = hash_file(&path, &FileStat::default(), &|| true, &|_| {});
    assert!(matches!(stopped, Err(HashError::Cancelled { .. })));
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_refused_without_waiting() -> Outcome {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir()?;
    let (target, link, pipe) = (folder.path().join("t"), folder.path().join("l"), folder.path().join("p"));
    std::fs::write(&target, "x")?;
    std::os::unix::fs::symlink(&target, &link)?;
    let name = std::ffi::CString::new(pipe.as_os_str().as_bytes())?;
    // SAFETY: the pointer is to a NUL-terminated string that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s"))?;
    for path in [link, pipe, folder.path().join("s")] {
        assert!(matches!(hash(&path), Err(HashError::NotARegularFile { .. })), "{}", path.display());
    }
    Ok(())
}

#[test]
fn every_file_is_handed_over_once_whatever_the_number_of_threads() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for index in 0..200usize {
        let path = folder.path().join(format!("{index}"));
        std::fs::write(&path, vec![index as u8; index * 10_000 % 1_500_000])?;
        files.push(found(&path)?);
    }
    for threads in [0, 1, 4, 1000] {
        let results = Mutex::new(vec![None; files.len()]);
        let done = hash_many(&files, threads, &|| false, &|_| {}, &|index, result| {
            if let (Ok(mut results), Ok(hashed)) = (results.lock(), result) {
                assert!(results[index].replace(hashed.digest).is_none(), "file {index} was read twice");
            }
        });
        assert_eq!(done, files.len());
        for (file, digest) in files.iter().zip(results.into_inner()?) {
            assert_eq!(digest, Some(hash(&file.absolute)?.digest));
        }
    }
    assert_eq!(hash_many(&files, 4, &|| true, &|_| {}, &|_, _| {}), 0, "nothing is begun after a stop");
    Ok(())
}

/// Figures, not promises: run by name with `--ignored --nocapture` in an optimised build.
#[test]
#[ignore = "measures speed on a gigabyte; run by name in an optimised build"]
fn speed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let large = folder.path().join("large");
    let block: Vec<u8> = (0..1024 * 1024u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut file = File::create(&large)?;
    for _ in 0..1024 {
        file.write_all(&block)?;
    }
    drop(file);
    for _ in 0..3 {
        let start = Instant::now();
        let ours = hash(&large)?;
        let took = start.elapsed();
        eprintln!("1 GiB, one core: {:.0} MiB/s", 1024.0 / took.as_secs_f64());
        let start = Instant::now();
        let openssl = std::process::Command::new("openssl").args(["dgst", "-sha256"]).arg(&large).output()?;
        eprintln!("openssl:         {:.0} MiB/s", 1024.0 / start.elapsed().as_secs_f64());
        assert!(String::from_utf8_lossy(&openssl.stdout).contains(&ours.digest.hex()));
    }
    std::fs::remove_file(&large)?;
    for index in 0..20_000 {
        let parent = folder.path().join(format!("d{}", index % 200));
        std::fs::create_dir_all(&parent)?;
        std::fs::write(parent.join(format!("f{index}")), &block[..index % 8_000])?;
    }
    let threads = std::thread::available_parallelism()?.get();
    let start = Instant::now();
    let walk = walk(folder.path(), &WalkOptions::default(), &|| false, &mut |_| {})?;
    let walked = start.elapsed();
    let done = hash_many(&walk.files, threads, &|| false, &|_| {}, &|_, result| assert!(result.is_ok()));
    eprintln!("{done} small files: walk {walked:?}, walk and hash {:?} on {threads} threads", start.elapsed());
    assert_eq!(done, 20_000);
    Ok(())
}
