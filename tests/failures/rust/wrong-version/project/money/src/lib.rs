pub fn cents(units: i64) -> i64 { units * 100 }
