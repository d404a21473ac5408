//! Compiles the C-variadic part of the API.

fn main() {
    println!("cargo:rerun-if-changed=src/variadic.c");
    cc::Build::new()
        .file("src/variadic.c")
        .flag("-std=c11")
        .warnings(true)
        .extra_warnings(true)
        .compile("keystow_variadic");
}
