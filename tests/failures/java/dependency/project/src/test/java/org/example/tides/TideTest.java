package org.example.tides;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TideTest {
    @Test
    void keepsWhatItIsGiven() {
        assertEquals(6.1, new Tide("brest", 300, 6.1).metres());
    }
}
