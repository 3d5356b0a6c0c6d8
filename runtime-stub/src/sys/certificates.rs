//! Where OpenSSL finds the host's certificates.
//!
//! OpenSSL compiles one folder in, but distributions disagree. These functions stand in for the whole of
//! OpenSSL's `crypto/x509/x509_def.c`, so that its member of libcrypto.a is not linked; they are asked only when
//! certificates are wanted, and the variables SSL_CERT_FILE and SSL_CERT_DIR still win, as in OpenSSL.

use core::ffi::{CStr, c_char};
use core::mem;

use crate::sys::snapshot;

/// Bundles of Debian, Ubuntu, Arch, Gentoo; Fedora, RHEL; openSUSE; Alpine; older Fedora; Void, Slackware.
const FILES: [&CStr; 6] = [
    c"/etc/ssl/certs/ca-certificates.crt",
    c"/etc/pki/tls/certs/ca-bundle.crt",
    c"/etc/ssl/ca-bundle.pem",
    c"/etc/ssl/cert.pem",
    c"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    c"/etc/ssl/certs/ca-bundle.crt",
];

/// Folders of certificates by hash: Debian and relatives; Fedora and RHEL.
const FOLDERS: [&CStr; 2] = [c"/etc/ssl/certs", c"/etc/pki/tls/certs"];

/// What two recorded machines have in their place: nothing of that may be in a snapshot.
const RECORDED_FILES: [&CStr; 2] = [c"/nonexistent/a/certificates.pem", c"/nonexistent/b/certificates.pem"];
const RECORDED_FOLDERS: [&CStr; 2] = [c"/nonexistent/a/certificates", c"/nonexistent/b/certificates"];

/// Whether a path is that of the certificates of the machine that is being simulated.
pub(crate) fn are_recorded(path: &CStr) -> bool {
    snapshot::of_machine(&RECORDED_FILES).is_some_and(|recorded| path == *recorded)
}

fn first_existing(paths: &[&'static CStr], recorded: &[&'static CStr; 2]) -> *const c_char {
    if let Some(path) = snapshot::of_machine(recorded) {
        return path.as_ptr();
    }
    let exists = |path: &&&CStr| {
        // SAFETY: an all-zero `stat` is a valid value of that plain C structure.
        let mut status: libc::stat = unsafe { mem::zeroed() };
        // SAFETY: the path is a C string and `status` is writable.
        unsafe { libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path.as_ptr(), &raw mut status, 0) == 0 }
    };
    paths.iter().find(exists).or(paths.first()).map_or(c"".as_ptr(), |path| path.as_ptr())
}

// SAFETY (all functions of this file): OpenSSL's names with OpenSSL's signatures (include/openssl/x509.h.in);
// the member of libcrypto.a that also defines them is left out because all its symbols are defined here.

/// The bundle of trusted certificates.
#[unsafe(no_mangle)]
extern "C" fn X509_get_default_cert_file() -> *const c_char {
    first_existing(&FILES, &RECORDED_FILES)
}

/// The folder of trusted certificates.
#[unsafe(no_mangle)]
extern "C" fn X509_get_default_cert_dir() -> *const c_char {
    first_existing(&FOLDERS, &RECORDED_FOLDERS)
}

/// The folder of `openssl.cnf`.
#[unsafe(no_mangle)]
extern "C" fn X509_get_default_cert_area() -> *const c_char {
    c"/etc/ssl".as_ptr()
}

/// The folder of private keys.
#[unsafe(no_mangle)]
extern "C" fn X509_get_default_private_dir() -> *const c_char {
    c"/etc/ssl/private".as_ptr()
}

/// The variable that names another bundle.
#[unsafe(no_mangle)]
extern "C" fn X509_get_default_cert_file_env() -> *const c_char {
    c"SSL_CERT_FILE".as_ptr()
}

/// The variable that names other folders.
#[unsafe(no_mangle)]
extern "C" fn X509_get_default_cert_dir_env() -> *const c_char {
    c"SSL_CERT_DIR".as_ptr()
}
