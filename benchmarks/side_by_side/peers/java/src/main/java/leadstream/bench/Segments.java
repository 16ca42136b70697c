package leadstream.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;

/** The segments as a Java user writes them: a predicate for each, a conjunction of predicates over the contact. */
final class Segments {
    /** The state of a contact, as JSON in the state store. */
    static final class Contact {
        public Map<String, Object> properties = new HashMap<>();
        public Map<String, List<Long>> visits = new HashMap<>();
        public Set<String> members = new HashSet<>();
        public long clock;
    }

    /** A segment; the predicate gets the contact and the present instant (ms). */
    record Segment(String id, BiPredicate<Contact, Long> test, boolean hasWindow) {}

    private final List<Segment> all = new ArrayList<>();
    private final Map<String, Segment> byId = new HashMap<>();
    private final Map<String, List<Segment>> bySubject = new HashMap<>();
    private final Map<String, Long> keptMs = new HashMap<>();

    Segments(JsonNode documents) {
        for (JsonNode document : documents) {
            BiPredicate<Contact, Long> test = null;
            boolean hasWindow = false;
            Set<String> subjects = new HashSet<>();
            for (JsonNode leaf : document.get("all")) {
                BiPredicate<Contact, Long> next = leaf.has("visits") ? visitCount(leaf) : propertyTest(leaf);
                test = test == null ? next : test.and(next);
                hasWindow |= leaf.has("visits");
                subjects.add(leaf.has("visits") ? leaf.get("visits").asText() : leaf.get("property").asText());
            }
            Segment segment = new Segment(document.get("id").asText(), test, hasWindow);
            all.add(segment);
            byId.put(segment.id(), segment);
            subjects.forEach(subject -> bySubject.computeIfAbsent(subject, name -> new ArrayList<>()).add(segment));
        }
    }

    private BiPredicate<Contact, Long> visitCount(JsonNode leaf) {
        String path = leaf.get("visits").asText();
        long atLeast = leaf.get("at_least").asLong();
        long within = leaf.get("within_ms").asLong();
        keptMs.merge(path, within, Math::max);
        return (contact, now) -> {
            int count = 0;
            for (long at : contact.visits.getOrDefault(path, List.of())) {
                if (at > now - within) {
                    count++;
                }
            }
            return count >= atLeast;
        };
    }

    private static BiPredicate<Contact, Long> propertyTest(JsonNode leaf) {
        String name = leaf.get("property").asText();
        JsonNode operand = leaf.get("value");
        switch (leaf.get("operator").asText()) {
            case "gte": {
                int limit = operand.asInt();
                return (contact, now) -> ((Number) contact.properties.get(name)).intValue() >= limit;
            }
            case "lt": {
                int limit = operand.asInt();
                return (contact, now) -> ((Number) contact.properties.get(name)).intValue() < limit;
            }
            case "in": {
                Set<String> values = new HashSet<>();
                operand.forEach(value -> values.add(value.asText()));
                return (contact, now) -> values.contains(contact.properties.get(name));
            }
            default: {
                Object value = operand.isBoolean() ? (Object) operand.asBoolean() : operand.asText();
                return (contact, now) -> value.equals(contact.properties.get(name));
            }
        }
    }

    /** Keeps a visit that some segment counts, for as long as the longest of their windows. */
    void addVisit(Contact contact, String path, long at, long now) {
        Long kept = keptMs.get(path);
        if (kept == null) {
            return;
        }
        List<Long> visits = contact.visits.computeIfAbsent(path, name -> new ArrayList<>());
        visits.removeIf(each -> each <= now - kept);
        visits.add(at);
    }

    /** Evaluates every segment; returns the ids of those that changed, and updates the contact's members. */
    List<String> evaluateAll(Contact contact, long now) {
        List<String> changed = new ArrayList<>();
        for (Segment segment : all) {
            evaluate(segment, contact, now, changed);
        }
        return changed;
    }

    /** Evaluates segments that name one of the subjects, and those that the contact may have left by time. */
    List<String> evaluateNaming(Iterable<String> subjects, Contact contact, long now) {
        List<String> changed = new ArrayList<>();
        for (String id : List.copyOf(contact.members)) {
            Segment segment = byId.get(id);
            if (segment.hasWindow()) {
                evaluate(segment, contact, now, changed);
            }
        }
        for (String subject : subjects) {
            for (Segment segment : bySubject.getOrDefault(subject, List.of())) {
                evaluate(segment, contact, now, changed);
            }
        }
        return changed;
    }

    private static void evaluate(Segment segment, Contact contact, long now, List<String> changed) {
        boolean isMember = segment.test().test(contact, now);
        if (isMember ? contact.members.add(segment.id()) : contact.members.remove(segment.id())) {
            changed.add(segment.id());
        }
    }
}
