package org.example.tides;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

public class Table {
    private final List<Tide> tides = new ArrayList<>();

    public void add(Tide tide) {
        tides.add(tide);
    }

    public Optional<Tide> highest(String port) {
        return tides.stream().filter(t -> t.port().equals(port)).max(Comparator.comparingDouble(Tide::metres));
    }

    public static Table parse(String text) {
        Table table = new Table();
        for (String line : text.split("\n")) {
            try {
                String[] part = line.split(" ");
                table.add(new Tide(part[0], Integer.parseInt(part[1]), Double.parseDouble(part[2])));
            } catch (RuntimeException e) {
                throw new IllegalStateException("bad line: " + line, e);
            }
        }
        return table;
    }

    public int size() {
        return tides.size();
    }
}
