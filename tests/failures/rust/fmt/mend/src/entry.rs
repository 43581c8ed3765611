#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub name: String,
    pub amount: i64,
}

impl Entry {
    pub fn new(name: &str, amount: i64) -> Self {
        Entry {
            name: name.to_string(),
            amount,
        }
    }

    pub fn parse(line: &str) -> Option<Self> {
        let (name, amount) = line.split_once('=')?;
        Some(Entry::new(name.trim(), amount.trim().parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_name_and_amount() {
        assert_eq!(Entry::parse("rent = 300"), Some(Entry::new("rent", 300)));
    }

    #[test]
    fn refuses_what_has_no_amount() {
        assert_eq!(Entry::parse("rent"), None);
        assert_eq!(Entry::parse("rent=much"), None);
    }
}
