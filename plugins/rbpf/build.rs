//! Hands the version of the crate rbpf, as Cargo.lock has it, to the plugin: RBPF_VERSION.

fn main() {
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    let mut lines = lock.lines().skip_while(|line| *line != "name = \"rbpf\"");
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = "));
    let version = version.expect("rbpf is in Cargo.lock").trim_matches('"');
    println!("cargo:rustc-env=RBPF_VERSION={version}");
}
