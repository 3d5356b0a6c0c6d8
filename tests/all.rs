//! The one integration test binary: everything that is checked on the finished product.

fn main() -> std::process::ExitCode {
    pyfreeze_tests::main(std::env::args().skip(1))
}
