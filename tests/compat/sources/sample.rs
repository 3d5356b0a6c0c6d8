//! A sample for highlighting.
fn main() {
    let numbers: Vec<u32> = (1..=3).map(|n| n * 2).collect();
    println!("{numbers:?} and 'quotes' \u{2603}");
}
