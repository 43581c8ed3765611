package org.example.tides;

public record Tide(String port, int minute, double metres) {
    public Tide {
        if (minute < 0 || minute >= 24 * 60) {
            throw new IllegalArgumentException("minute out of a day: " + minute);
        }
    }
}
