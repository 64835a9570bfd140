//! Chains of X.509 certificates, as far as signing models needs them.

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use crate::keys::{KeyError, PublicKey};

const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// Extensions that are understood here. An unknown critical one forbids a certificate (RFC 5280, 4.2).
const KNOWN: [&str; 5] = ["2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.14", "2.5.29.35"];
const LONGEST: usize = 10;

/// Certificates that a person trusts.
#[derive(Debug, Clone)]
pub struct CertificateChain {
    trusted: Vec<Certificate>,
}

impl CertificateChain {
    /// Reads one or more certificates in PEM. `origin` names the text in the error.
    pub fn from_pem(pem: &str, origin: &str) -> Result<Self, KeyError> {
        let unusable = |why: String| KeyError::Unusable { path: origin.to_owned(), why };
        let text = pem.replace("\r\n", "\n");
        let trusted = Certificate::load_pem_chain(text.as_bytes())
            .map_err(|error| unusable(format!("its certificates do not read: {error}")))?;
        if trusted.is_empty() {
            return Err(unusable("it holds no certificate".to_owned()));
        }
        Ok(Self { trusted })
    }

    /// The key of the first certificate, if the chain leads from it to one that is trusted.
    ///
    /// Checked as the reference tool does: every certificate must have been valid when the signer's began to be, since
    /// a bundle says nothing about when it was made; and the signer's must be made for signing.
    pub(super) fn signer(&self, chain: &[Vec<u8>]) -> Result<PublicKey, String> {
        let sent = chain
            .iter()
            .map(|der| Certificate::from_der(der).map_err(|error| format!("a certificate does not read: {error}")));
        let sent = sent.collect::<Result<Vec<_>, _>>()?;
        let (leaf, others) = sent.split_first().ok_or("the bundle holds no certificate")?;
        for_signing(leaf)?;
        self.lead(leaf, others)?;
        key_of(leaf)
    }

    fn lead(&self, leaf: &Certificate, others: &[Certificate]) -> Result<(), String> {
        let at = leaf.tbs_certificate().validity().not_before.to_unix_duration();
        let mut current = leaf;
        for depth in 0..LONGEST {
            let validity = current.tbs_certificate().validity();
            if at < validity.not_before.to_unix_duration() || at > validity.not_after.to_unix_duration() {
                return Err(format!("{} was not valid when the signer's certificate began", name_of(current)));
            }
            understood(current)?;
            // What a person trusts needs no one above it, whether or not it signed itself.
            if self.trusted.contains(current) {
                return Ok(());
            }
            let vouches = |issuer: &&Certificate| issued(current, issuer);
            let next = self.trusted.iter().find(vouches).or_else(|| others.iter().find(vouches));
            let Some(issuer) = next.filter(|issuer| *issuer != current) else {
                return Err(format!("nobody who is trusted vouches for {}", name_of(current)));
            };
            may_issue(issuer, depth)?;
            current = issuer;
        }
        Err(format!("it is longer than {LONGEST} certificates"))
    }
}

fn name_of(certificate: &Certificate) -> String {
    certificate.tbs_certificate().subject().to_string()
}

fn key_of(certificate: &Certificate) -> Result<PublicKey, String> {
    let der = certificate.tbs_certificate().subject_public_key_info().to_der().map_err(|error| error.to_string())?;
    PublicKey::from_der(&der, &name_of(certificate)).map_err(|error| error.to_string())
}

/// Whether `issuer` signed `certificate`.
fn issued(certificate: &Certificate, issuer: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    if tbs.issuer() != issuer.tbs_certificate().subject() || certificate.signature_algorithm() != tbs.signature() {
        return false;
    }
    let (Ok(key), Ok(message), Some(signature)) = (key_of(issuer), tbs.to_der(), certificate.signature().as_bytes())
    else {
        return false;
    };
    match certificate.signature_algorithm().oid {
        ECDSA_SHA256 => key.accepts_hash(&Sha256::digest(&message), signature),
        ECDSA_SHA384 => key.accepts_hash(&Sha384::digest(&message), signature),
        ECDSA_SHA512 => key.accepts_hash(&Sha512::digest(&message), signature),
        // Certificates signed with RSA are not followed.
        _ => false,
    }
}

fn understood(certificate: &Certificate) -> Result<(), String> {
    let mut extensions = certificate.tbs_certificate().extensions().map(|it| it.as_slice()).unwrap_or_default().iter();
    match extensions.find(|it| it.critical && !KNOWN.contains(&it.extn_id.to_string().as_str())) {
        Some(it) => {
            Err(format!("{} has the critical extension {}, which is not understood", name_of(certificate), it.extn_id))
        }
        None => Ok(()),
    }
}

fn usage(certificate: &Certificate) -> Result<Option<KeyUsage>, String> {
    let found = certificate.tbs_certificate().get_extension::<KeyUsage>().map_err(|error| error.to_string())?;
    Ok(found.map(|(_, usage)| usage))
}

/// `below` is the number of certificates between this one and the signer's.
fn may_issue(certificate: &Certificate, below: usize) -> Result<(), String> {
    let name = name_of(certificate);
    let basic = certificate.tbs_certificate().get_extension::<BasicConstraints>().map_err(|error| error.to_string())?;
    let basic = basic.map(|(_, basic)| basic).filter(|basic| basic.ca);
    let Some(basic) = basic else { return Err(format!("{name} may not issue certificates")) };
    if basic.path_len_constraint.is_some_and(|most| below > usize::from(most)) {
        return Err(format!("{name} may not issue for a chain as long as this"));
    }
    match usage(certificate)? {
        Some(usage) if !usage.0.contains(KeyUsages::KeyCertSign) => Err(format!("{name} may not sign certificates")),
        _ => Ok(()),
    }
}

fn for_signing(certificate: &Certificate) -> Result<(), String> {
    if usage(certificate)?.is_some_and(|usage| usage.0.contains(KeyUsages::DigitalSignature)) {
        return Ok(());
    }
    let extended =
        certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>().map_err(|error| error.to_string())?;
    if extended.is_some_and(|(_, usage)| usage.0.contains(&CODE_SIGNING)) {
        return Ok(());
    }
    Err(format!("{} is not made for signing", name_of(certificate)))
}
