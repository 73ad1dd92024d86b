// What every format shares: sound and transport up, notes down. Formats wrap it.
//
// Audio thread: `process` and `automate`; they copy, count and place: no lock, no allocation, no
// system call, but for the wait of an offline bounce. Any thread: `set`, `value`. The
// host's main thread: `start`, `stop`.
#pragma once
#include "link.hpp"
#include "parameters.hpp"
#include "placer.hpp"

class Core {
public:
    explicit Core(const char* format) : link_(format) {
        for (unsigned i = 0; i < parameters::COUNT; ++i) values_[i] = parameters::TABLE[i].initial;
    }

    void start(double rate, uint32_t max_block) {
        rate_ = rate;
        greeted_ = false;
        values_[parameters::CONNECTED] = 0;
        link_.start(rate, max_block);
    }
    void stop() { link_.stop(); }

    float value(unsigned i) const { return values_[i].load(std::memory_order_relaxed); }

    // A value from the host; for any thread. The engine is told with the next block.
    bool set(unsigned i, double value) {
        if (i >= parameters::COUNT || parameters::TABLE[i].output || !std::isfinite(value)) return false;
        const auto& p = parameters::TABLE[i];
        values_[i] = static_cast<float>(value < p.low ? p.low : value > p.high ? p.high : value);
        return true;
    }
    // A value that holds from a frame of the coming block on; audio thread only.
    void automate(unsigned i, double value, uint32_t frame) {
        if (set(i, value) && (connection_ & 1)) tell_value(i, frame);
    }

    // Sound passes unchanged; the wrapper copies it. sink(frame, bytes, length) takes an event, or
    // returns false where the host has no room.
    template <class Sink>
    void process(const float* left, const float* right, uint32_t frames, Transport t, Sink&& sink) {
        timeline_.guess_ramp(t, frames, rate_);
        for (uint32_t at = 0; at < frames;) {
            const uint32_t n = frames - at < CHUNK ? frames - at : CHUNK;
            chunk(left + at, right + at, n, t, [&sink, at](uint32_t frame, const uint8_t* bytes, uint32_t length) {
                return sink(at + frame, bytes, length);
            });
            t.beat += (t.bpm + 0.5 * t.ramp * n) / 60 / rate_ * n;
            t.bpm += t.ramp * n;
            at += n;
        }
    }

private:
    static constexpr uint32_t CHUNK = 4096;
    static constexpr double TOGETHER_S = 0.002;
    static constexpr double LATE_S = 0.1;              // a note-on later than this stays away
    static constexpr int64_t WAIT_NS = 10000000000;    // of a bounce, for one block
    static constexpr int64_t GREET_NS = 2000000000;    // of a bounce, for the engine

    Link link_;
    Placer placer_;
    Timeline timeline_;
    double rate_ = 48000;
    int64_t frame_ = 0, horizon_ = 0;
    uint32_t connection_ = 0;
    bool bypassed_ = false, greeted_ = false;
    std::atomic<float> values_[parameters::COUNT];
    float told_[parameters::COUNT] = {};
    wire::Block block_{};       // what is to be told next, of so many frames
    uint32_t told_frames_ = 0;
    float mono_[CHUNK];

    bool on(unsigned i) const { return value(i) >= 0.5f; }

    template <class Sink>
    void chunk(const float* left, const float* right, uint32_t n, const Transport& t, Sink&& sink) {
        bool jumped = false;
        const uint32_t before = timeline_.generation;
        const Span span = timeline_.advance(t, n, rate_, &jumped);
        const bool bypassed = on(parameters::BYPASS), waits = t.offline || on(parameters::WAIT);
        if (jumped) placer_.jump(timeline_.moved, timeline_.generation);
        if (bypassed && !bypassed_) placer_.silence();
        bypassed_ = bypassed;
        link_.hurry.store(waits, std::memory_order_relaxed);
        if (waits) placer_.forget_cues();
        if (jumped) placer_.start_cues(span.beat, before, timeline_.generation);
        if (waits && !greeted_) await([this] { return link_.alive(); }, GREET_NS);
        greeted_ = waits;
        meet(span.beat);
        if (connection_ & 1) {
            tell_values();
            tell_block(left, right, n, t, span, waits);
        }
        take(span.beat);
        if (waits && (connection_ & 1)) {
            await([this, n, &span] {
                take(span.beat);
                return horizon_ >= frame_ + n || link_.connection.load() != connection_;
            }, WAIT_NS);
        }
        if (bypassed) placer_.silence();
        placer_.place(span, timeline_.generation, LATE_S * rate_, sink);
        frame_ += n;
    }

    // Notices an engine that came or went.
    void meet(double beat) {
        const uint32_t now = link_.connection.load(std::memory_order_acquire);
        if (now == connection_) return;
        if (connection_ & 1) placer_.orphan(beat);
        placer_.forget_cues();
        connection_ = now;
        told_frames_ = 0;
        values_[parameters::CONNECTED] = static_cast<float>(now & 1);
        for (unsigned i = 0; i < parameters::COUNT; ++i) told_[i] = NAN;  // tell all of them
    }

    void tell_values() {
        for (unsigned i = 0; i < parameters::COUNT; ++i)
            if (!parameters::TABLE[i].output && value(i) != told_[i]) tell_value(i, 0);
    }
    void tell_value(unsigned i, uint32_t frame) {
        const float v = value(i);
        struct { wire::Head head; wire::Parameter body; } told{
            {wire::PARAMETER, 0, sizeof(wire::Parameter)}, {frame_ + frame, i, v}};
        if (link_.up.write(&told, sizeof told)) told_[i] = v;
    }

    // Blocks of a few frames go up together, about 2 ms of them, while the beat goes straight on.
    void tell_block(const float* left, const float* right, uint32_t n, const Transport& t, const Span& span,
                    bool waits) {
        const bool listens = value(parameters::PART) < 0.5f && !bypassed_;
        wire::Block next{};
        next.frame = frame_;
        next.beat = span.beat;
        next.shift = timeline_.shift;
        next.bpm = t.bpm;
        next.loop_start = t.loop_start;
        next.loop_end = t.loop_end;
        next.bar_start = t.bar_start;
        next.position = t.beat;
        next.generation = timeline_.generation;
        next.flags = (t.playing ? wire::PLAYING : 0u) | (t.loops ? wire::LOOPS : 0u) |
                     (waits ? wire::OFFLINE : 0u) | (listens ? wire::LISTENS : 0u);
        next.numerator = t.numerator;
        next.denominator = t.denominator;
        if (told_frames_ && (!goes_on(next) || span.bend != 0 || told_frames_ + n > CHUNK)) send_block();
        if (!told_frames_) block_ = next;
        if (listens)
            for (uint32_t i = 0; i < n; ++i) mono_[told_frames_ + i] = 0.5f * (left[i] + right[i]);
        told_frames_ += n;
        if (waits || told_frames_ >= rate_ * TOGETHER_S) send_block();
    }
    bool goes_on(const wire::Block& next) const {
        const wire::Block& b = block_;
        return next.generation == b.generation && next.flags == b.flags && next.bpm == b.bpm && next.shift == b.shift &&
               ((b.flags & wire::PLAYING) || next.position == b.position) && next.loop_start == b.loop_start && next.loop_end == b.loop_end && next.bar_start == b.bar_start &&
               next.numerator == b.numerator && next.denominator == b.denominator;
    }
    void send_block() {
        const bool listens = block_.flags & wire::LISTENS;
        const uint32_t bytes = listens ? told_frames_ * static_cast<uint32_t>(sizeof(float)) : 0;
        block_.frames = told_frames_;
        block_.samples = listens ? told_frames_ : 0;
        block_.steady_ns = steady_ns();
        block_.placed = placer_.placed;
        block_.late = placer_.late;
        block_.lost = placer_.lost;
        block_.sounding = placer_.sounding();
        struct { wire::Head head; wire::Block body; } told{
            {wire::BLOCK, 0, static_cast<uint32_t>(sizeof(wire::Block)) + bytes}, block_};
        link_.up.write(&told, sizeof told, mono_, bytes);
        told_frames_ = 0;
    }

    void take(double now) {
        wire::Down m;
        while (link_.down.read(&m, sizeof m)) switch (m.kind) {
            case wire::NOTE: placer_.add(m.note, timeline_.generation, now); break;
            case wire::MOVE_END: placer_.move_end(m.move_end, timeline_.generation, now); break;
            case wire::CANCEL:
                if (m.cancel.generation == timeline_.generation)
                    placer_.cancel(m.cancel.holder, m.cancel.from, m.cancel.generation);
                break;
            case wire::MESSAGE: placer_.add(m.message); break;
            case wire::PANIC: placer_.silence(); break;
            case wire::CUE: placer_.cue(m.note); break;
            case wire::STATUS:
                values_[parameters::HEARD_VALENCE] = m.status.valence;
                values_[parameters::HEARD_AROUSAL] = m.status.arousal;
                break;
            case wire::HORIZON: horizon_ = m.horizon.frame; break;
        }
    }

    // Offline only: the one place that may wait.
    template <class Done>
    void await(Done&& done, int64_t most_ns) {
        const int64_t until = steady_ns() + most_ns;
        while (!done() && steady_ns() < until) std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
};
