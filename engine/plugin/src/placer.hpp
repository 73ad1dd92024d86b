// Notes in beats -> frames of the host's block. Owns every end. Audio thread only.
#pragma once
#include "timeline.hpp"
#include "wire.hpp"

class Placer {
public:
    uint32_t placed = 0, late = 0, lost = 0;  // note-ons: at their frame, after it, never

    uint32_t sounding() const { return n_sounding_; }

    void add(const wire::Note& note, uint32_t generation) {
        for (uint32_t i = 0; i < n_cued_; ++i)
            if (cued_[i] == note.id) return;  // it is on its way already
        const bool sound = std::isfinite(note.on) && note.off > note.on && note.channel < 16 && note.key < 128 &&
                           note.velocity > 0 && note.velocity < 128;
        if (note.generation != generation) return;  // withdrawn by a start, stop or jump
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
            add(note, generation);
            cued_[n_cued_++] = note.id;
        }
        n_cues_ = 0;
    }
    void forget_cues() { n_cues_ = n_cued_ = 0; }
    void add(const wire::Message& message) {  // anything but notes
        const bool sound = message.length >= 2 && message.length <= 3 && message.bytes[0] >= 0xA0 &&
                           message.bytes[0] < 0xF0 && message.bytes[1] < 128 && message.bytes[2] < 128;
        if (sound && !std::isnan(message.beat) && n_messages_ < MAX_MESSAGES) messages_[n_messages_++] = message;
    }
    void move_end(const wire::MoveEnd& move) {
        if (std::isnan(move.off)) return;
        for (uint32_t i = 0; i < n_sounding_; ++i)
            if (sounding_[i].id == move.id) sounding_[i].off = move.off;
        for (uint32_t i = 0; i < n_notes_;) {
            if (notes_[i].id == move.id && !((notes_[i].off = move.off) > notes_[i].on))
                notes_[i] = notes_[--n_notes_];
            else
                ++i;
        }
    }
    void cancel(double from) {
        for (uint32_t i = 0; i < n_notes_;) {
            if (notes_[i].on >= from) notes_[i] = notes_[--n_notes_];
            else ++i;
        }
    }
    // End all that sounds and forget what waits: start, stop, jump, bypass, panic.
    void silence() {
        n_notes_ = 0;
        for (uint32_t i = 0; i < n_sounding_; ++i) sounding_[i].off = AT_ONCE;
        lifts_ = true;
    }
    // The engine is gone: what waits is dropped, what sounds ends when it should, at most a bar later.
    void orphan(double beat) {
        n_notes_ = 0;
        for (uint32_t i = 0; i < n_sounding_; ++i)
            if (sounding_[i].off > beat + 4) sounding_[i].off = beat + 4;
        lifts_ = true;
    }

    // Hand the block's events to sink(frame, bytes, length) in order of their frames. Where it says
    // false the host has no room: an end is tried again in the next block, a start never sounded.
    template <class Sink>
    void place(const Span& span, uint32_t generation, double late_frames, Sink&& sink) {
        n_out_ = 0;
        if (lifts_) lift_pedals();
        take_messages(span, generation);
        take_notes(span, late_frames);
        take_ends(span);
        hand_over(sink);
    }

private:
    static constexpr uint32_t MAX_NOTES = 2048, MAX_SOUNDING = 256, MAX_MESSAGES = 512, MAX_OUT = 2048;
    static constexpr double AT_ONCE = -1e300;
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
    uint8_t pedals_[16] = {};  // a bit for each of the controllers 64..69 that is down
    bool lifts_ = false;

    // Insertion keeps frames in order; few events, mostly in order already.
    void emit(uint32_t frame, Rank rank, uint8_t length, uint8_t a, uint8_t b, uint8_t c) {
        if (n_out_ == MAX_OUT) return;
        uint32_t i = n_out_++;
        for (; i && (out_[i - 1].frame > frame || (out_[i - 1].frame == frame && out_[i - 1].rank > rank)); --i)
            out_[i] = out_[i - 1];
        out_[i] = {frame, rank, length, {a, b, c}};
    }
    void end(uint32_t frame, const Sounding& note) { emit(frame, END, 3, 0x80 | note.channel, note.key, 64); }

    void lift_pedals() {
        for (uint8_t channel = 0; channel < 16; ++channel)
            for (uint8_t i = 0; i < 6; ++i)
                if (pedals_[channel] & (1 << i)) emit(0, MESSAGE, 3, 0xB0 | channel, 64 + i, 0);
        lifts_ = false;
    }
    void take_messages(const Span& span, uint32_t generation) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < n_messages_; ++i) {
            const wire::Message& m = messages_[i];
            const double f = m.generation == generation ? std::floor(span.frame_of(m.beat) + 0.5) : 0;
            if (f >= span.frames) messages_[kept++] = m;
            else emit(f > 0 ? (uint32_t)f : 0, MESSAGE, m.length, m.bytes[0], m.bytes[1], m.bytes[2]);
        }
        n_messages_ = kept;
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
        uint32_t kept = 0;
        for (uint32_t i = 0; i < n_notes_; ++i)
            if (notes_[i].id != TAKEN) notes_[kept++] = notes_[i];
        n_notes_ = kept;
    }
    static constexpr uint64_t TAKEN = ~0ull;

    void start(const wire::Note& note, const Span& span, double late_frames) {
        const double exact = std::floor(span.frame_of(note.on) + 0.5);
        if (exact < -late_frames || span.frame_of(note.off) < 0.5 || n_out_ + n_sounding_ + 2 >= MAX_OUT) {
            ++lost;
            return;
        }
        const uint32_t frame = exact > 0 ? (uint32_t)exact : 0;
        for (uint32_t i = 0; i < n_sounding_; ++i) {  // the same key again: end it first
            Sounding& other = sounding_[i];
            if (other.channel != note.channel || other.key != note.key) continue;
            if (frame < other.earliest) {  // both at once: one note, to the later end
                if (note.off > other.off) other.off = note.off;
                return;
            }
            end(end_frame(other, span, frame), other);
            sounding_[i] = sounding_[--n_sounding_];
            break;
        }
        if (n_sounding_ == MAX_SOUNDING) {
            ++lost;
            return;
        }
        emit(frame, START, 3, 0x90 | note.channel, note.key, note.velocity);
        ++(exact < 0 ? late : placed);
        sounding_[n_sounding_++] = {note.id, note.off, frame + 1, note.channel, note.key};
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
                end(frame, note);
                note = sounding_[--n_sounding_];
            } else {
                note.earliest = 0;
                ++i;
            }
        }
    }
    template <class Sink>
    void hand_over(Sink&& sink) {
        for (uint32_t i = 0; i < n_out_; ++i) {
            const Event& e = out_[i];
            if (!e.length) continue;  // the end of a note that did not begin
            const uint8_t status = e.bytes[0] & 0xF0, channel = e.bytes[0] & 15;
            const bool taken = sink(e.frame, e.bytes, (uint32_t)e.length);
            if (status == 0xB0 && e.bytes[1] >= 64 && e.bytes[1] < 70) {
                const uint8_t bit = 1 << (e.bytes[1] - 64);
                if (e.bytes[2] >= 64 && taken) pedals_[channel] |= bit;
                if (e.bytes[2] < 64 && taken) pedals_[channel] &= ~bit;
                if (e.bytes[2] < 64 && !taken) lifts_ = true;
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
        for (uint32_t i = 0; i < n_sounding_; ++i)
            if (sounding_[i].channel == channel && sounding_[i].key == key) {
                sounding_[i] = sounding_[--n_sounding_];
                return;
            }
    }
};
