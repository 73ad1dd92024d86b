// Notes in beats -> frames of the host's block. Owns every end. Audio thread only.
#pragma once
#include <cstring>

#include "timeline.hpp"
#include "wire.hpp"

class Placer {
public:
    uint32_t placed = 0, late = 0, lost = 0;  // note-ons: at their frame, after it, never

    uint32_t sounding() const { return n_sounding_; }

    // `now` is the beat at the start of the block.
    void add(wire::Note note, uint32_t generation, double now) {
        for (uint32_t i = 0; i < n_cued_; ++i)
            if (cued_[i] == note.id) return;  // it is on its way already
        if (note.generation != generation) {
            if (!by_hand(wire::holder_of(note.id))) return;  // withdrawn by a start, stop or jump
            note.off += now - note.on;                       // a key was pressed just then
            note.on = now;
        }
        const bool sound = std::isfinite(note.on) && note.off > note.on && note.channel < 16 && note.key < 128 &&
                           note.velocity > 0 && note.velocity < 128;
        if (!sound || n_notes_ == MAX_NOTES) {
            ++lost;
            return;
        }
        notes_[n_notes_++] = note;
    }
    // A note of the beat that the music begins with, should it start from where the host stands now;
    // velocity 0 forgets those there are.
    void cue(const wire::Note& note) {
        if (!note.velocity) n_cues_ = 0;
        else if (n_cues_ < MAX_CUES) cues_[n_cues_++] = note;
    }
    // The music starts at a beat, in another generation: what was cued for it is to be played.
    void start_cues(double beat, uint32_t before, uint32_t generation) {
        n_cued_ = 0;
        for (uint32_t i = 0; i < n_cues_; ++i) {
            wire::Note note = cues_[i];
            const double whole = std::floor(note.on + 1e-9);
            if (note.generation != before || beat <= whole - 1 || beat > whole + 1e-6) continue;
            note.generation = generation;
            add(note, generation, beat);
            cued_[n_cued_++] = note.id;
        }
        n_cues_ = 0;
    }
    void forget_cues() { n_cues_ = n_cued_ = 0; }
    void add(const wire::Message& message) {  // anything but notes
        const bool sound = message.length >= 2 && message.length <= 3 && message.bytes[0] >= 0xA0 &&
                           message.bytes[0] < 0xF0 && message.bytes[1] < 128 && message.bytes[2] < 128;
        if (!sound || std::isnan(message.beat)) return;
        if (n_messages_ < MAX_MESSAGES) messages_[n_messages_++] = message;
        else if (is_pedal(message) && !message.bytes[2]) lift(message.holder);  // no room: rather too early than never
    }
    void move_end(wire::MoveEnd move, uint32_t generation, double now) {
        if (std::isnan(move.off)) return;
        if (move.generation != generation && by_hand(wire::holder_of(move.id))) move.off = now;  // let go just then
        for (uint32_t i = 0; i < n_sounding_; ++i)
            if (sounding_[i].id == move.id) sounding_[i].off = move.off;
        for (uint32_t i = 0; i < n_notes_;) {
            if (notes_[i].id == move.id && !((notes_[i].off = move.off) > notes_[i].on))
                notes_[i] = notes_[--n_notes_];
            else
                ++i;
        }
    }
    // Withdraw a holder's notes after a beat and its pedals from there on, and lift the pedals it holds then.
    void cancel(uint32_t holder, double from, uint32_t generation) {
        drop_notes([&](const wire::Note& note) { return wire::holder_of(note.id) == holder && note.on > from + 1e-6; });
        bool lifts[16][PEDALS] = {};
        for (uint8_t channel = 0; channel < 16; ++channel)
            for (uint8_t i = 0; i < PEDALS; ++i) lifts[channel][i] = pressed_[slot(holder)][channel][i] > 0;
        drop_messages([&](const wire::Message& m) {
            if (m.holder != holder || !is_pedal(m)) return false;
            if (m.beat < from) lifts[m.bytes[0] & 15][m.bytes[1] - FIRST_PEDAL] = true;
            return m.beat >= from;
        });
        for (uint8_t channel = 0; channel < 16; ++channel)
            for (uint8_t i = 0; i < PEDALS; ++i)
                if (lifts[channel][i])
                    add(wire::Message{generation, holder, from, 3,
                                      {static_cast<uint8_t>(0xB0 | channel), static_cast<uint8_t>(FIRST_PEDAL + i), 0}});
    }
    // The beats go on elsewhere: start, stop, jump. What the engine played ends; what is played by
    // hand goes on, `moved` beats away.
    void jump(double moved, uint32_t generation) {
        drop_notes([](const wire::Note& note) { return !by_hand(wire::holder_of(note.id)); });
        for (uint32_t i = 0; i < n_notes_; ++i) {
            notes_[i].on += moved;
            notes_[i].off += moved;
        }
        for (uint32_t i = 0; i < n_sounding_; ++i)
            if (by_hand(wire::holder_of(sounding_[i].id))) sounding_[i].off += moved;
            else sounding_[i].off = AT_ONCE;
        for (uint32_t i = 0; i < n_messages_; ++i) {
            if (!by_hand(messages_[i].holder)) continue;
            messages_[i].beat += moved;
            messages_[i].generation = generation;
        }
        for (uint32_t holder = 0; holder < FIRST_HAND; ++holder) lift(holder);
    }
    // End all that sounds and forget what waits: bypass, panic.
    void silence() {
        n_notes_ = n_messages_ = 0;
        for (uint32_t i = 0; i < n_sounding_; ++i) sounding_[i].off = AT_ONCE;
        lift_all();
    }
    // The engine is gone: what waits is dropped, what sounds ends when it should, at most a bar later.
    void orphan(double beat) {
        n_notes_ = n_messages_ = 0;
        for (uint32_t i = 0; i < n_sounding_; ++i)
            if (sounding_[i].off > beat + 4) sounding_[i].off = beat + 4;
        lift_all();
    }

    // Hand the block's events to sink(frame, bytes, length) in order of their frames. Where it says
    // false the host has no room: an end is tried again in the next block, a start never sounded.
    template <class Sink>
    void place(const Span& span, uint32_t generation, double late_frames, Sink&& sink) {
        n_out_ = 0;
        if (lifts_) lift_pedals();  // first: a message may press them again
        take_messages(span, generation);
        take_notes(span, late_frames);
        take_ends(span);
        hand_over(sink);
    }

private:
    static constexpr uint32_t MAX_NOTES = 2048, MAX_SOUNDING = 256, MAX_MESSAGES = 512, MAX_OUT = 2048;
    static constexpr double AT_ONCE = -1e300;
    static constexpr uint32_t HOLDERS = 8, FIRST_HAND = 2;  // engine, mappings; then the performer's inputs
    static constexpr uint8_t FIRST_PEDAL = 64, PEDALS = 6;
    enum Rank : uint8_t { END, MESSAGE, START };  // order on one frame
    struct Event { uint32_t frame; Rank rank; uint8_t length, bytes[3]; };
    struct Sounding { uint64_t id; double off; uint32_t earliest; uint8_t channel, key; };

    static constexpr uint32_t MAX_CUES = 64;
    wire::Note notes_[MAX_NOTES], cues_[MAX_CUES];
    uint64_t cued_[MAX_CUES];
    uint32_t n_cues_ = 0, n_cued_ = 0;
    wire::Message messages_[MAX_MESSAGES];
    Sounding sounding_[MAX_SOUNDING];
    Event out_[MAX_OUT];
    uint32_t n_notes_ = 0, n_messages_ = 0, n_sounding_ = 0, n_out_ = 0;
    uint8_t pressed_[HOLDERS][16][PEDALS] = {};  // the value that each holder gave each pedal
    uint8_t told_[16][PEDALS] = {};              // the value that was told last
    static constexpr uint8_t UNKNOWN = 255;
    bool lifts_ = false;

    static bool by_hand(uint32_t holder) { return holder >= FIRST_HAND; }
    static uint32_t slot(uint32_t holder) { return holder < HOLDERS ? holder : HOLDERS - 1; }
    static bool is_control(const wire::Message& m) { return (m.bytes[0] & 0xF0) == 0xB0; }
    static bool is_pedal(const wire::Message& m) {
        return is_control(m) && m.bytes[1] >= FIRST_PEDAL && m.bytes[1] < FIRST_PEDAL + PEDALS;
    }
    // All sound off, all notes off and the modes that imply it (MIDI 1.0).
    static bool ends_notes(const wire::Message& m) {
        return is_control(m) && (m.bytes[1] == 120 || m.bytes[1] >= 123);
    }
    // Where a pedal stands: at the highest of its holders' values.
    uint8_t stands(uint8_t channel, uint8_t pedal, uint32_t but_for = HOLDERS) const {
        uint8_t most = 0;
        for (uint32_t holder = 0; holder < HOLDERS; ++holder)
            if (holder != but_for && pressed_[holder][channel][pedal] > most) most = pressed_[holder][channel][pedal];
        return most;
    }
    void lift(uint32_t holder) {
        std::memset(pressed_[slot(holder)], 0, sizeof pressed_[0]);
        lifts_ = true;
    }
    void lift_all() {
        std::memset(pressed_, 0, sizeof pressed_);
        lifts_ = true;
    }
    template <class Which>
    void drop_notes(Which&& which) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < n_notes_; ++i)
            if (!which(notes_[i])) notes_[kept++] = notes_[i];
        n_notes_ = kept;
    }
    template <class Which>
    void drop_messages(Which&& which) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < n_messages_; ++i)
            if (!which(messages_[i])) messages_[kept++] = messages_[i];
        n_messages_ = kept;
    }

    // Insertion keeps frames in order; few events, mostly in order already.
    void emit(uint32_t frame, Rank rank, uint8_t length, uint8_t a, uint8_t b, uint8_t c) {
        if (n_out_ == MAX_OUT) return;
        uint32_t i = n_out_++;
        for (; i && (out_[i - 1].frame > frame || (out_[i - 1].frame == frame && out_[i - 1].rank > rank)); --i)
            out_[i] = out_[i - 1];
        out_[i] = {frame, rank, length, {a, b, c}};
    }
    void end(uint32_t frame, const Sounding& note) { emit(frame, END, 3, 0x80 | note.channel, note.key, 64); }

    void control(uint32_t frame, uint8_t channel, uint8_t number, uint8_t value) {
        emit(frame, MESSAGE, 3, 0xB0 | channel, number, value);
    }
    void stand(uint32_t frame, uint8_t channel, uint8_t pedal) {
        const uint8_t value = stands(channel, pedal);
        if (value != told_[channel][pedal]) control(frame, channel, FIRST_PEDAL + pedal, value);
        told_[channel][pedal] = value;
    }
    void lift_pedals() {
        lifts_ = false;
        for (uint8_t channel = 0; channel < 16; ++channel)
            for (uint8_t i = 0; i < PEDALS; ++i) stand(0, channel, i);
    }
    void take_messages(const Span& span, uint32_t generation) {
        drop_messages([&](const wire::Message& m) {
            const bool now = m.generation == generation;
            const double f = now ? std::floor(span.frame_of(m.beat) + 0.5) : 0;
            if (f >= span.frames || n_out_ > MAX_OUT / 2) return false;  // room is left for every end
            if (now || by_hand(m.holder) || !is_pedal(m) || !m.bytes[2])  // else withdrawn by a jump
                take(m, f > 0 ? static_cast<uint32_t>(f) : 0, now ? m.beat : AT_ONCE);
            return true;
        });
    }
    // A message ends or lifts only what its holder holds.
    void take(const wire::Message& m, uint32_t frame, double beat) {
        const uint8_t channel = m.bytes[0] & 15, number = m.bytes[1];
        const uint32_t holder = slot(m.holder);
        if (is_pedal(m)) {
            pressed_[holder][channel][number - FIRST_PEDAL] = m.bytes[2];
            stand(frame, channel, number - FIRST_PEDAL);
            return;
        }
        const bool resets = is_control(m) && number == 121;
        if (ends_notes(m)) {
            drop_notes([&](const wire::Note& note) {
                return note.channel == channel && wire::holder_of(note.id) == m.holder;
            });
            bool others = false;
            for (uint32_t i = 0; i < n_sounding_; ++i) {
                if (sounding_[i].channel != channel) continue;
                if (wire::holder_of(sounding_[i].id) == m.holder) sounding_[i].off = beat;
                else others = true;
            }
            for (uint8_t i = 0; i < PEDALS; ++i) others = others || stands(channel, i, holder);
            if (others) return;
        }
        emit(frame, MESSAGE, m.length, m.bytes[0], number, m.bytes[2]);
        if (!resets) return;
        std::memset(pressed_[holder][channel], 0, PEDALS);
        std::memset(told_[channel], 0, PEDALS);
        for (uint8_t i = 0; i < PEDALS; ++i) stand(frame, channel, i);
    }
    void take_notes(const Span& span, double late_frames) {
        uint32_t due[MAX_SOUNDING], n_due = 0;
        for (uint32_t i = 0; i < n_notes_ && n_due < MAX_SOUNDING; ++i) {
            if (std::floor(span.frame_of(notes_[i].on) + 0.5) >= span.frames) continue;
            uint32_t k = n_due++;  // in order of their onsets
            for (; k && notes_[due[k - 1]].on > notes_[i].on; --k) due[k] = due[k - 1];
            due[k] = i;
        }
        for (uint32_t k = 0; k < n_due; ++k) start(notes_[due[k]], span, late_frames);
        for (uint32_t k = 0; k < n_due; ++k) notes_[due[k]].id = TAKEN;
        drop_notes([](const wire::Note& note) { return note.id == TAKEN; });
    }
    static constexpr uint64_t TAKEN = ~0ull;

    // Several notes may hold one key: each strikes it anew, and it ends with the last of them.
    void start(wire::Note note, const Span& span, double late_frames) {
        const double exact = std::floor(span.frame_of(note.on) + 0.5);
        if (exact < 0 && by_hand(wire::holder_of(note.id))) note.off += span.beat - note.on;  // a tap: short, not too late
        if (exact < -late_frames || span.frame_of(note.off) < 0.5 || n_out_ + n_sounding_ + 2 >= MAX_OUT ||
            n_sounding_ == MAX_SOUNDING) {
            ++lost;
            return;
        }
        const uint32_t frame = exact > 0 ? (uint32_t)exact : 0;
        bool sounds = false, at_once = false;
        for (uint32_t i = 0; i < n_sounding_;) {
            Sounding& other = sounding_[i];
            if (same_key(other, note)) {
                const uint32_t ends = other.off == AT_ONCE ? other.earliest : end_frame(other, span, span.frames);
                at_once = at_once || frame < other.earliest;
                if (ends < frame || other.off == AT_ONCE) {  // it is over before
                    if (held(other.channel, other.key, i)) outlast(other, ends);
                    else if (!sounds) end(ends < frame ? ends : frame, other);
                    other = sounding_[--n_sounding_];
                    continue;
                }
                sounds = true;
            }
            ++i;
        }
        const Sounding begun{note.id, note.off, frame + 1, note.channel, note.key};
        if (!at_once) {
            if (sounds) end(frame, begun);
            emit(frame, START, 3, 0x90 | note.channel, note.key, note.velocity);
        }
        ++(exact < 0 ? late : placed);
        sounding_[n_sounding_++] = begun;
    }
    static bool same_key(const Sounding& a, const wire::Note& b) { return a.channel == b.channel && a.key == b.key; }
    // Whether another note than the i-th holds a key.
    bool held(uint8_t channel, uint8_t key, uint32_t i) const {
        for (uint32_t k = 0; k < n_sounding_; ++k)
            if (k != i && sounding_[k].channel == channel && sounding_[k].key == key) return true;
        return false;
    }
    static uint32_t end_frame(const Sounding& note, const Span& span, double latest) {
        const double exact = std::floor(span.frame_of(note.off) + 0.5);
        const double frame = std::fmax(std::fmin(exact, latest), note.earliest);
        return (uint32_t)frame;
    }
    void take_ends(const Span& span) {
        for (uint32_t i = 0; i < n_sounding_;) {
            Sounding& note = sounding_[i];
            const uint32_t frame = note.off == AT_ONCE ? note.earliest : end_frame(note, span, span.frames);
            if (frame < span.frames) {
                if (held(note.channel, note.key, i)) outlast(note, frame);
                else end(frame, note);
                note = sounding_[--n_sounding_];
            } else {
                note.earliest = 0;
                ++i;
            }
        }
    }
    // Who else holds a key ends it no earlier than this.
    void outlast(const Sounding& note, uint32_t frame) {
        for (uint32_t k = 0; k < n_sounding_; ++k) {
            Sounding& other = sounding_[k];
            if (&other != &note && other.channel == note.channel && other.key == note.key && other.earliest < frame)
                other.earliest = frame;
        }
    }
    template <class Sink>
    void hand_over(Sink&& sink) {
        for (uint32_t i = 0; i < n_out_; ++i) {
            const Event& e = out_[i];
            if (!e.length) continue;  // the end of a note that did not begin
            const uint8_t status = e.bytes[0] & 0xF0, channel = e.bytes[0] & 15;
            const bool taken = sink(e.frame, e.bytes, (uint32_t)e.length);
            if (status == 0xB0 && e.bytes[1] >= FIRST_PEDAL && e.bytes[1] < FIRST_PEDAL + PEDALS && !taken) {
                told_[channel][e.bytes[1] - FIRST_PEDAL] = UNKNOWN;
                lifts_ = true;
            }
            if (e.rank == END && !taken && n_sounding_ < MAX_SOUNDING)
                sounding_[n_sounding_++] = {0, AT_ONCE, 0, channel, e.bytes[1]};
            if (e.rank == START && !taken) never_began(i);
        }
    }
    void never_began(uint32_t start) {
        const uint8_t channel = out_[start].bytes[0] & 15, key = out_[start].bytes[1];
        ++lost;
        for (uint32_t i = start + 1; i < n_out_; ++i)
            if (out_[i].rank == END && (out_[i].bytes[0] & 15) == channel && out_[i].bytes[1] == key) {
                out_[i].length = 0;
                return;
            }
        for (uint32_t i = n_sounding_; i-- > 0;)  // the newest
            if (sounding_[i].channel == channel && sounding_[i].key == key) {
                sounding_[i] = sounding_[--n_sounding_];
                return;
            }
    }
};
