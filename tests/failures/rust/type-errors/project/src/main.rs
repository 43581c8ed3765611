use ledger::{report, sum, Entry};

fn main() {
    let text = std::fs::read_to_string("ledger.txt").expect("ledger.txt");
    let entries: Vec<Entry> = text.lines().filter_map(Entry::parse).collect();
    for e in &entries {
        println!("{}", report::line(e));
    }
    println!("{:<12}{:>8}", "sum", sum(&entries));
}
