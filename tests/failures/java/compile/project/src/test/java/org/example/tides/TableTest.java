package org.example.tides;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TableTest {
    private static final String TEXT = "brest 300 6.1\nbrest 1020 6.4\ncuxhaven 90 3.2";

    @Test
    void parsesEachLine() {
        assertEquals(3, Table.parse(TEXT).size());
    }

    @Test
    void findsTheHighest() {
        assertEquals(1020, Table.parse(TEXT).highest("brest").get().minute());
    }

    @Test
    void knowsNoOtherPort() {
        assertTrue(Table.parse(TEXT).highest("genoa").isEmpty());
    }

    @Test
    void refusesMinutesOutOfADay() {
        assertThrows(IllegalStateException.class, () -> Table.parse("brest 1440 6.1"));
    }
}
