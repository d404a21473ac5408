//! Link options of `libjson.so`.

fn main() {
    // The module exports its entry point and nothing else. The bounds of the SDK's registration
    // sections would be visible otherwise.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,start-stop-visibility=hidden");
    println!("cargo:rerun-if-changed=build.rs");
}
