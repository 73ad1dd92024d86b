// The plug-in for LV2, by hand. Hosts tell bar and beat, rounded, and some only when something changes;
// between, beats are counted. Loops are not announced: the core learns them. Nor is it told where a
// metre began: where it changes during play, the count goes on.
#include "core.hpp"
#include "lv2/atom-util.h"
#include "lv2/atom.h"
#include "lv2/lv2.h"
#include "lv2/midi.h"
#include "lv2/time.h"
#include "lv2/urid.h"

namespace {

using parameters::COUNT;
using parameters::TABLE;

// Ports in the order of engine/plugin/description.py; the parameters follow.
enum Port : uint32_t { IN_LEFT, IN_RIGHT, OUT_LEFT, OUT_RIGHT, EVENTS_IN, EVENTS_OUT, FREEWHEEL, FIRST_PARAMETER };

struct Words {
    LV2_URID blank, object, sequence, number_float, number_double, number_int, number_long, midi;
    LV2_URID position, bar, bar_beat, beat, beat_unit, beats_per_bar, beats_per_minute, speed;
};

struct Plugin {
    Core core{"LV2"};
    Words words{};
    Transport transport;
    double rate = 48000;
    double counted = 0;  // beat at the next frame
    double metres = 0;   // beats by which bars of other metres before have moved it
    bool of_quarters = false;  // the host tells parts of a beat in quarter notes
    const float* in[2] = {};
    float* out[2] = {};
    const LV2_Atom_Sequence* events_in = nullptr;
    LV2_Atom_Sequence* events_out = nullptr;
    const float* freewheel = nullptr;
    float* ports[COUNT] = {};
    float seen[COUNT];  // what the host's ports held last
};

LV2_Handle instantiate(const LV2_Descriptor*, double rate, const char*, const LV2_Feature* const* features) {
    const LV2_URID_Map* map = nullptr;
    for (; *features; ++features)
        if (!std::strcmp((*features)->URI, LV2_URID__map)) map = static_cast<const LV2_URID_Map*>((*features)->data);
    if (!map) return nullptr;
    const auto word = [map](const char* uri) { return map->map(map->handle, uri); };
    auto* p = new Plugin;
    p->rate = rate;
    p->transport.rounds = true;
    p->words = {word(LV2_ATOM__Blank), word(LV2_ATOM__Object), word(LV2_ATOM__Sequence), word(LV2_ATOM__Float),
                word(LV2_ATOM__Double), word(LV2_ATOM__Int), word(LV2_ATOM__Long), word(LV2_MIDI__MidiEvent),
                word(LV2_TIME__Position), word(LV2_TIME__bar), word(LV2_TIME__barBeat), word(LV2_TIME__beat),
                word(LV2_TIME__beatUnit), word(LV2_TIME__beatsPerBar), word(LV2_TIME__beatsPerMinute), word(LV2_TIME__speed)};
    for (float& value : p->seen) value = NAN;
    return p;
}

void connect_port(LV2_Handle handle, uint32_t port, void* data) {
    auto& p = *static_cast<Plugin*>(handle);
    switch (port) {
        case IN_LEFT: case IN_RIGHT: p.in[port - IN_LEFT] = static_cast<const float*>(data); break;
        case OUT_LEFT: case OUT_RIGHT: p.out[port - OUT_LEFT] = static_cast<float*>(data); break;
        case EVENTS_IN: p.events_in = static_cast<const LV2_Atom_Sequence*>(data); break;
        case EVENTS_OUT: p.events_out = static_cast<LV2_Atom_Sequence*>(data); break;
        case FREEWHEEL: p.freewheel = static_cast<const float*>(data); break;
        default:
            if (port - FIRST_PARAMETER < COUNT) p.ports[port - FIRST_PARAMETER] = static_cast<float*>(data);
    }
}

bool read_number(const Words& w, const LV2_Atom* atom, double& value) {
    const void* body = LV2_ATOM_BODY_CONST(atom);
    if (atom->type == w.number_float) value = *static_cast<const float*>(body);
    else if (atom->type == w.number_double) value = *static_cast<const double*>(body);
    else if (atom->type == w.number_int) value = *static_cast<const int32_t*>(body);
    else if (atom->type == w.number_long) value = static_cast<double>(*static_cast<const int64_t*>(body));
    else return false;
    return std::isfinite(value);
}

void read_position(Plugin& p, const LV2_Atom_Object* position) {
    const Words& w = p.words;
    Transport& t = p.transport;
    double bar = -1, bar_beat = -1, beat = NAN, unit = t.denominator, per_bar = t.numerator, bpm = t.bpm, speed = t.playing;
    LV2_ATOM_OBJECT_FOREACH(position, property) {
        double value = 0;
        if (!read_number(w, &property->value, value)) continue;
        if (property->key == w.bar) bar = value;
        else if (property->key == w.bar_beat) bar_beat = value;
        else if (property->key == w.beat) beat = value;
        else if (property->key == w.beat_unit && value > 0) unit = value;
        else if (property->key == w.beats_per_bar && value > 0) per_bar = value;
        else if (property->key == w.beats_per_minute && value > 0) bpm = value;
        else if (property->key == w.speed) speed = value;
    }
    const bool goes_on = t.playing && speed != 0, other = per_bar != t.numerator || unit != t.denominator;
    t.playing = speed != 0;
    t.bpm = bpm;
    t.numerator = static_cast<uint16_t>(per_bar);
    t.denominator = static_cast<uint16_t>(unit);
    if (bar >= 0 && bar_beat >= 0) beat = bar * per_bar + bar_beat;
    t.has_beat = !std::isnan(beat);
    if (!t.has_beat) return;
    t.beat = beat * 4 / unit;
    // Ardour tells the part of a beat in quarter notes, whatever the beat's unit is.
    const double of_quarters = (std::floor(beat) + (beat - std::floor(beat)) * unit / 4) * 4 / unit;
    const auto off = [&p](double place) { return std::fabs(place + p.metres - p.counted); };
    if (goes_on && !other && std::fmax(off(t.beat), off(of_quarters)) > 0.0015 && std::fmin(off(t.beat), off(of_quarters)) < 0.25) {
        if (off(of_quarters) < off(t.beat) / 3) p.of_quarters = true;
        else if (off(t.beat) < off(of_quarters) / 3) p.of_quarters = false;
    }
    if (p.of_quarters) t.beat = of_quarters;
    if (goes_on && other) p.metres = std::round(32 * (p.counted - t.beat)) / 32;
    if (!goes_on || off(t.beat) > 0.25) p.metres = 0;  // a jump
    t.beat += p.metres;
    const double apart = t.beat - p.counted;
    p.counted += std::fabs(apart) < 1.0 / 240 ? 0.05 * apart : apart;  // hosts round
    if (bar >= 0) t.bar_start = bar * per_bar * 4 / unit + p.metres;
}

void read_ports(Plugin& p) {
    for (unsigned i = 0; i < COUNT; ++i) {
        if (!p.ports[i] || TABLE[i].output || *p.ports[i] == p.seen[i]) continue;
        p.seen[i] = *p.ports[i];
        p.core.automate(i, i == parameters::BYPASS ? 1 - p.seen[i] : p.seen[i], 0);  // LV2 says "enabled"
    }
}

bool push(Plugin& p, uint32_t capacity, uint32_t frame, const uint8_t* bytes, uint32_t n) {
    struct { LV2_Atom_Event event; uint8_t bytes[4]; } midi{};
    midi.event.time.frames = frame;
    midi.event.body = {n, p.words.midi};
    std::memcpy(midi.bytes, bytes, n);
    return lv2_atom_sequence_append_event(p.events_out, capacity, &midi.event) != nullptr;
}

void run(LV2_Handle handle, uint32_t frames) {
    auto& p = *static_cast<Plugin*>(handle);
    const uint32_t capacity = p.events_out->atom.size;
    p.events_out->atom = {sizeof(LV2_Atom_Sequence_Body), p.words.sequence};
    p.events_out->body = {0, 0};
    read_ports(p);
    Transport& t = p.transport;
    t.offline = p.freewheel && *p.freewheel > 0;
    uint32_t at = 0;
    const auto play = [&p, &t, &at, capacity](uint32_t end) {
        if (end <= at) return;
        const uint32_t begin = at;
        p.core.process(p.in[0] + begin, p.in[1] + begin, end - begin, t, [&p, begin, capacity](uint32_t frame, const uint8_t* b, uint32_t n) {
            return push(p, capacity, begin + frame, b, n);
        });
        t.has_beat = false;  // counted on until told again
        p.counted += t.bpm / 60 / p.rate * (end - begin);
        at = end;
    };
    LV2_ATOM_SEQUENCE_FOREACH(p.events_in, event) {
        const auto* object = reinterpret_cast<const LV2_Atom_Object*>(&event->body);
        const bool is_object = event->body.type == p.words.object || event->body.type == p.words.blank;
        if (!is_object || object->body.otype != p.words.position) continue;
        const int64_t frame = event->time.frames;
        play(frame < 0 ? 0 : frame < frames ? static_cast<uint32_t>(frame) : frames);
        read_position(p, object);
    }
    play(frames);
    for (int c = 0; c < 2; ++c)
        if (p.out[c] != p.in[c]) std::memmove(p.out[c], p.in[c], frames * sizeof(float));
    for (unsigned i = 0; i < COUNT; ++i)
        if (TABLE[i].output && p.ports[i]) *p.ports[i] = p.core.value(i);
}

void activate(LV2_Handle handle) {
    auto& p = *static_cast<Plugin*>(handle);
    p.core.start(p.rate, 0);
}
void deactivate(LV2_Handle handle) { static_cast<Plugin*>(handle)->core.stop(); }
void cleanup(LV2_Handle handle) { delete static_cast<Plugin*>(handle); }
const void* extension(const char*) { return nullptr; }

const LV2_Descriptor DESCRIPTOR = {"urn:stimmung:plugin", instantiate, connect_port, activate, run, deactivate, cleanup, extension};

}  // namespace

LV2_SYMBOL_EXPORT const LV2_Descriptor* lv2_descriptor(uint32_t index) { return index ? nullptr : &DESCRIPTOR; }
