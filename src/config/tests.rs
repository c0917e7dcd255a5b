use super::*;

#[test]
fn the_sample_loads() {
    let config = Config::parse(EXAMPLE, Path::new("/etc/dongbo/dongbo.toml")).unwrap_or_else(|error| panic!("{error}"));
    assert!(!config.portals.is_empty());
}
