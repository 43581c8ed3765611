use crate::Entry;

pub fn line(e: &Entry) -> String {
    format!("{:<12}{:>8}", e.name, e.amount)
}

pub fn largest(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().max_by_key(|e| e.amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_twenty_columns() {
        assert_eq!(line(&Entry::new("rent", 300)).len(), 20);
    }

    #[test]
    fn the_largest_is_found() {
        let all = [Entry::new("a", 1), Entry::new("b", 9), Entry::new("c", 4)];
        assert_eq!(largest(&all).unwrap().name, "b");
    }
}
