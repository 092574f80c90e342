//! Whether what is said of authentication is all of it: half of it would leave a door open that looks closed.

use super::Unusable;
use crate::config::{Address, Config, Tls, Uid};
use crate::domain::uid::UidRef;

/// Longest issuer or audience, in characters.
const NAME_CHARACTERS_MAX: usize = 1024;

/// Everything that is wrong with it.
pub(super) fn check(config: &Config) -> Vec<Unusable> {
    let mut found = Vec::new();
    access(&mut found, config);
    jwt(&mut found, config);
    tls(&mut found, "tls", &config.tls, &config.listen);
    tls(&mut found, "admin_tls", &config.admin_tls, &config.admin_listen);
    uids(&mut found, "access_uids", &config.access_uids, &config.listen);
    uids(&mut found, "admin_uids", &config.admin_uids, &config.admin_listen);
    found
}

fn access(found: &mut Vec<Unusable>, config: &Config) {
    if config.access_tokens && config.tokens_file.is_none() {
        found.push(Unusable::new("tokens_file", "must be set where `access_tokens` is: which tokens are good?"));
    }
    let guarded = config.is_access_guarded();
    if config.access_unauthenticated && guarded {
        let detail = "contradicts the other settings, by which the access listener asks who is asking";
        found.push(Unusable::new("access_unauthenticated", detail));
    }
    if !guarded && !config.access_unauthenticated && !config.listen.is_local() {
        let detail = "can be reached from other machines, and nobody is asked who they are there: set `access_tokens`, \
                      `jwt.jwks_file` or `tls.client_ca_file`, or `access_unauthenticated = true` if something else \
                      keeps strangers away";
        found.push(Unusable::new("listen", detail));
    }
}

fn jwt(found: &mut Vec<Unusable>, config: &Config) {
    let jwt = &config.jwt;
    if !jwt.is_on() {
        return;
    }
    let missing = |key: &str| Unusable::new(key, "must be set, as others of `jwt` are: all three are needed");
    if jwt.jwks_file.is_none() {
        found.push(missing("jwt.jwks_file"));
    }
    for (key, value) in [("jwt.issuer", &jwt.issuer), ("jwt.audience", &jwt.audience)] {
        match value {
            None => found.push(missing(key)),
            Some(text) if text.trim().is_empty() => found.push(Unusable::new(key, "must not be empty")),
            Some(text) if text.chars().count() > NAME_CHARACTERS_MAX => {
                found.push(Unusable::new(key, format!("must have at most {NAME_CHARACTERS_MAX} characters")));
            }
            Some(_) => {}
        }
    }
    if jwt.algorithms.is_empty() {
        found.push(Unusable::new("jwt.algorithms", "must name at least one algorithm"));
    }
    if UidRef::of_parts(&jwt.principal_type, "").is_none() {
        found.push(Unusable::new("jwt.principal_type", "must be the name of an entity type, such as `User`"));
    }
}

fn tls(found: &mut Vec<Unusable>, section: &str, tls: &Tls, listen: &Address) {
    let named = tls.named();
    let set = |wanted: &str| named.iter().any(|(name, file)| *name == wanted && file.is_some());
    if !named.iter().any(|(_, file)| file.is_some()) {
        return;
    }
    for needed in ["certificate_file", "key_file"] {
        if !set(needed) {
            let detail = format!("must be set, as others of `{section}` are: a certificate goes with its key");
            found.push(Unusable::new(format!("{section}.{needed}"), detail));
        }
    }
    if let (Address::Unix(_), Some((name, _))) = (listen, named.iter().find(|(_, file)| file.is_some())) {
        let detail = "goes with an address `host:port`: nobody listens in on a Unix socket";
        found.push(Unusable::new(format!("{section}.{name}"), detail));
    }
}

fn uids(found: &mut Vec<Unusable>, key: &str, uids: &[Uid], listen: &Address) {
    if !uids.is_empty() && !matches!(listen, Address::Unix(_)) {
        found.push(Unusable::new(key, "goes with an address `unix:PATH`: nobody vouches for the user at another"));
    }
    if let Some(Uid(number)) = uids.iter().find(|uid| uid.is_nobody()) {
        let detail = format!("must not hold {number}: so the system calls every user that it cannot name");
        found.push(Unusable::new(key, detail));
    }
}
