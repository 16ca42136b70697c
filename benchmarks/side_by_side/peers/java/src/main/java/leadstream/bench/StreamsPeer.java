package leadstream.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams with a RocksDB store, exactly once. The only argument is the file of the task. With several passes the
 * same JVM does the job again and again, each time from an empty store: the last pass is warm.
 */
public final class StreamsPeer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STORE = "contacts";

    private final JsonNode task;
    private final Segments segments;
    private final boolean isIndexed;
    private final ByteBuffer progress;
    private final long total;
    private long count;
    private CountDownLatch passDone;

    private StreamsPeer(JsonNode task) throws IOException {
        this.task = task;
        this.segments = new Segments(JSON.readTree(Path.of(text("segments")).toFile()));
        this.isIndexed = text("variant").equals("changed");
        this.total = task.get("total").asLong();
        try (FileChannel file = FileChannel.open(
                Path.of(text("progress")), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            this.progress = file.map(FileChannel.MapMode.READ_WRITE, 0, 16).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    public static void main(String[] arguments) throws Exception {
        StreamsPeer peer = new StreamsPeer(JSON.readTree(Path.of(arguments[0]).toFile()));
        int passes = peer.task.get("passes").asInt();
        for (int pass = 1; pass <= passes; pass++) {
            peer.run(pass, pass == passes ? peer.text("out_topic") : peer.text("state_topic"));
        }
        peer.progress.putLong(8, 1);
        new CountDownLatch(1).await(); // until the benchmark ends this process
    }

    private void run(int pass, String outTopic) throws InterruptedException {
        passDone = new CountDownLatch(1);
        try (KafkaStreams streams = new KafkaStreams(topology(outTopic).build(), settings(pass))) {
            streams.setUncaughtExceptionHandler(error -> {
                error.printStackTrace();
                Runtime.getRuntime().halt(1);
                return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
            });
            streams.start();
            passDone.await();
        } // closing commits
    }

    private Properties settings(int pass) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "group-" + text("run") + "-" + pass);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, text("bootstrap"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, text("folder"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        if (!task.get("commit_ms").isNull()) {
            settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, task.get("commit_ms").asLong());
        }
        return settings;
    }

    private StreamsBuilder topology(String outTopic) {
        StoreBuilder<KeyValueStore<String, Segments.Contact>> store = Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(STORE), Serdes.String(), serde(Segments.Contact.class))
                .withCachingEnabled()
                .withLoggingEnabled(Map.of());
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(store);
        builder.stream(text("in_topic"), Consumed.with(Serdes.String(), serde(Event.class)))
                .process(SegmentProcessor::new, STORE)
                .to(outTopic, Produced.with(Serdes.String(), serde(Change.class)));
        return builder;
    }

    private String text(String name) {
        return task.get(name).asText();
    }

    private static <T> Serde<T> serde(Class<T> type) {
        return Serdes.serdeFrom(
                (topic, value) -> {
                    try {
                        return value == null ? null : JSON.writeValueAsBytes(value);
                    } catch (IOException error) {
                        throw new IllegalStateException(error);
                    }
                },
                (topic, bytes) -> {
                    try {
                        return bytes == null ? null : JSON.readValue(bytes, type);
                    } catch (IOException error) {
                        throw new IllegalStateException(error);
                    }
                });
    }

    /** An event as it comes. */
    static final class Event {
        public String id;
        public String type;
        public String at;
        public String contact;
        public String url;
        public String title;
        public Map<String, Object> properties;
    }

    /** A change of a membership. */
    record Change(String type, String contact, String segment, String at, String cause) {}

    /** The job: patches the contact or adds a visit, evaluates segments, forwards the changes. */
    private final class SegmentProcessor implements Processor<String, Event, String, Change> {
        private ProcessorContext<String, Change> context;
        private KeyValueStore<String, Segments.Contact> contacts;

        @Override
        public void init(ProcessorContext<String, Change> given) {
            context = given;
            contacts = given.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, Event> record) {
            Event event = record.value();
            Segments.Contact contact = contacts.get(event.contact);
            if (contact == null) {
                contact = new Segments.Contact();
            }
            long at = Instant.parse(event.at).toEpochMilli();
            long now = contact.clock = Math.max(contact.clock, at);
            Iterable<String> subjects;
            if (event.type.equals("web.visited")) {
                String path = URI.create(event.url).getPath();
                segments.addVisit(contact, path, at, now);
                subjects = List.of(path);
            } else {
                contact.properties.putAll(event.properties);
                subjects = event.properties.keySet();
            }
            List<String> changed = isIndexed
                    ? segments.evaluateNaming(subjects, contact, now)
                    : segments.evaluateAll(contact, now);
            contacts.put(event.contact, contact);
            for (String id : changed) {
                String type = contact.members.contains(id) ? "segment.entered" : "segment.exited";
                context.forward(record.withValue(new Change(type, event.contact, id, event.at, event.id)));
            }
            progress.putLong(0, ++count);
            if (count % total == 0) {
                passDone.countDown();
            }
        }
    }
}
