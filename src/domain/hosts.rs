//! Several hosts in one URL: `postgres://me@one:5432,two:5433/app`, as PostgreSQL's own programs read it.
//!
//! Readers of URLs know of one host. These put each of them in the place of all.

/// Where the hosts stand in a URL: after `//` and whoever stands before `@`, up to the path.
fn place(url: &str) -> Option<(usize, usize)> {
    let begun = url.find("://")? + "://".len();
    let (_, rest) = url.split_at(begun);
    let end = begun + rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, _) = rest.split_at(end - begun);
    Some((authority.rfind('@').map_or(begun, |at| begun + at + 1), end))
}

/// The hosts of a URL with their ports, as they stand there; nothing of what is no URL.
#[must_use]
pub fn of(url: &str) -> &str {
    place(url).and_then(|(begun, end)| url.get(begun..end)).unwrap_or_default()
}

/// The same URL with these hosts.
#[must_use]
pub fn replaced(url: &str, hosts: &str) -> String {
    match place(url).and_then(|(begun, end)| Some((url.get(..begun)?, url.get(end..)?))) {
        Some((before, after)) => format!("{before}{hosts}{after}"),
        None => url.to_owned(),
    }
}

/// The same URL once for each of its hosts.
#[must_use]
pub fn each(url: &str) -> Vec<String> {
    of(url).split(',').map(|host| replaced(url, host)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_stand_between_the_user_and_the_path() {
        for (url, hosts) in [
            ("postgres://me@one:5432,two/app?sslmode=require", "one:5432,two"),
            ("postgres://me:a%2C@one,[::1]:5/app", "one,[::1]:5"),
            ("postgres://one", "one"),
            ("postgres:///app", ""),
            ("postgres://me@?host=a", ""),
            ("file.db", ""),
        ] {
            assert_eq!(of(url), hosts, "{url}");
            assert_eq!(replaced(url, hosts), url);
        }
    }

    #[test]
    fn each_host_has_a_url_of_its_own() {
        assert_eq!(
            each("postgres://me@one:1,two/app?a=b,c"),
            ["postgres://me@one:1/app?a=b,c", "postgres://me@two/app?a=b,c"]
        );
        assert_eq!(each("postgres://me@/app?host=/run"), ["postgres://me@/app?host=/run"]);
    }
}
