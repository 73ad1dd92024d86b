// The plug-in for CLAP, by hand: true quarter notes, loops, offline rendering, events at their frame.
#include "texts.hpp"
#include <clap/entry.h>
#include <clap/ext/audio-ports.h>
#include <clap/ext/note-ports.h>
#include <clap/ext/params.h>
#include <clap/ext/state.h>
#include <clap/plugin-factory.h>
#include <clap/plugin-features.h>
#include <clap/plugin.h>

namespace {

using parameters::COUNT;
using parameters::TABLE;

const char* FEATURES[] = {CLAP_PLUGIN_FEATURE_NOTE_EFFECT, CLAP_PLUGIN_FEATURE_AUDIO_EFFECT,
                                CLAP_PLUGIN_FEATURE_UTILITY, CLAP_PLUGIN_FEATURE_STEREO, nullptr};
const clap_plugin_descriptor_t DESCRIPTOR = {CLAP_VERSION_INIT, "org.stimmung.plugin", "Stimmung", "Stimmung",
    "", "", "", STIMMUNG_VERSION, "Tracks valence and arousal, answers in MIDI; a front to the engine", FEATURES};

struct Plugin {
    clap_plugin_t clap;
    Core core{"CLAP"};
    Transport transport;
    double rate = 48000;
    bool offline = false;
    float shown[COUNT] = {};  // output values as last told to the host
    uint32_t since_shown = 0;  // frames
};
Plugin& self(const clap_plugin_t* plugin) { return *static_cast<Plugin*>(plugin->plugin_data); }

void copy_text(char* to, const char* from, size_t size) { std::snprintf(to, size, "%s", from); }

// ---- ports

uint32_t count_audio(const clap_plugin_t*, bool) { return 1; }
bool get_audio(const clap_plugin_t*, uint32_t index, bool input, clap_audio_port_info_t* port) {
    if (index) return false;
    *port = {};
    port->id = input ? 0 : 1;
    port->in_place_pair = input ? 1 : 0;
    port->channel_count = 2;
    port->flags = CLAP_AUDIO_PORT_IS_MAIN;
    port->port_type = CLAP_PORT_STEREO;
    copy_text(port->name, input ? "Heard" : "Through", sizeof port->name);
    return true;
}
uint32_t count_notes(const clap_plugin_t*, bool input) { return input ? 0 : 1; }
bool get_notes(const clap_plugin_t*, uint32_t index, bool input, clap_note_port_info_t* port) {
    if (index || input) return false;
    *port = {};
    port->id = 2;
    port->supported_dialects = port->preferred_dialect = CLAP_NOTE_DIALECT_MIDI;
    copy_text(port->name, "Notes", sizeof port->name);
    return true;
}

// ---- parameters and state

uint32_t count_parameters(const clap_plugin_t*) { return COUNT; }
bool get_parameter(const clap_plugin_t*, uint32_t index, clap_param_info_t* info) {
    if (index >= COUNT) return false;
    const auto& p = TABLE[index];
    *info = {};
    info->id = index;
    info->flags = p.output ? CLAP_PARAM_IS_READONLY : CLAP_PARAM_IS_AUTOMATABLE;
    if (p.whole) info->flags |= CLAP_PARAM_IS_STEPPED;
    if (index == parameters::BYPASS) info->flags |= CLAP_PARAM_IS_BYPASS;
    info->min_value = p.low;
    info->max_value = p.high;
    info->default_value = p.initial;
    copy_text(info->name, p.name, sizeof info->name);
    return true;
}
bool get_value(const clap_plugin_t* plugin, clap_id id, double* value) {
    if (id >= COUNT) return false;
    *value = self(plugin).core.value(id);
    return true;
}
bool to_text(const clap_plugin_t*, clap_id id, double value, char* text, uint32_t size) {
    if (id >= COUNT) return false;
    std::snprintf(text, size, "%s", texts::of_value(id, value).c_str());
    return true;
}
bool from_text(const clap_plugin_t*, clap_id id, const char* text, double* value) {
    return id < COUNT && texts::to_value(id, text, *value);
}
void flush(const clap_plugin_t* plugin, const clap_input_events_t* in, const clap_output_events_t*) {
    for (uint32_t i = 0, n = in->size(in); i < n; ++i) {
        const clap_event_header_t* e = in->get(in, i);
        if (e->space_id != CLAP_CORE_EVENT_SPACE_ID || e->type != CLAP_EVENT_PARAM_VALUE) continue;
        const auto* v = reinterpret_cast<const clap_event_param_value_t*>(e);
        self(plugin).core.set(v->param_id, v->value);
    }
}

bool save(const clap_plugin_t* plugin, const clap_ostream_t* stream) {
    const std::string text = texts::of_state(self(plugin).core);
    for (size_t at = 0; at < text.size();) {
        const int64_t n = stream->write(stream, text.data() + at, text.size() - at);
        if (n <= 0) return false;
        at += static_cast<size_t>(n);
    }
    return true;
}
bool load(const clap_plugin_t* plugin, const clap_istream_t* stream) {
    std::string text;
    char part[512];
    for (int64_t n; (n = stream->read(stream, part, sizeof part)) != 0;) {
        if (n < 0 || text.size() > texts::MAX_STATE) return false;
        text.append(part, static_cast<size_t>(n));
    }
    return texts::to_state(text, self(plugin).core);
}

// The extension "clap.render", which DPF's copy of the headers leaves out.
constexpr char RENDER_ID[] = "clap.render";
constexpr int32_t RENDERS_OFFLINE = 1;
struct Render {
    bool(CLAP_ABI* waits_for_hardware)(const clap_plugin_t*);
    bool(CLAP_ABI* set)(const clap_plugin_t*, int32_t mode);
};
bool waits_for_hardware(const clap_plugin_t*) { return false; }
bool set_render(const clap_plugin_t* plugin, int32_t mode) {
    self(plugin).offline = mode == RENDERS_OFFLINE;
    return true;
}

const clap_plugin_audio_ports_t AUDIO_PORTS = {count_audio, get_audio};
const clap_plugin_note_ports_t NOTE_PORTS = {count_notes, get_notes};
const clap_plugin_params_t PARAMETERS = {count_parameters, get_parameter, get_value, to_text, from_text, flush};
const clap_plugin_state_t STATE = {save, load};
const Render RENDER = {waits_for_hardware, set_render};

const void* extension(const clap_plugin_t*, const char* id) {
    if (!std::strcmp(id, CLAP_EXT_AUDIO_PORTS)) return &AUDIO_PORTS;
    if (!std::strcmp(id, CLAP_EXT_NOTE_PORTS)) return &NOTE_PORTS;
    if (!std::strcmp(id, CLAP_EXT_PARAMS)) return &PARAMETERS;
    if (!std::strcmp(id, CLAP_EXT_STATE)) return &STATE;
    if (!std::strcmp(id, RENDER_ID)) return &RENDER;
    return nullptr;
}

// ---- the audio thread

void read_transport(Transport& t, const clap_event_transport_t& host) {
    const auto beats = [](clap_beattime time) { return static_cast<double>(time) / CLAP_BEATTIME_FACTOR; };
    t.playing = host.flags & CLAP_TRANSPORT_IS_PLAYING;
    t.has_beat = host.flags & CLAP_TRANSPORT_HAS_BEATS_TIMELINE;
    t.beat = beats(host.song_pos_beats);
    t.ramp = 0;
    if ((host.flags & CLAP_TRANSPORT_HAS_TEMPO) && host.tempo > 0) {
        t.bpm = host.tempo;
        t.ramp = host.tempo_inc;
    }
    t.loops = (host.flags & CLAP_TRANSPORT_IS_LOOP_ACTIVE) && host.loop_end_beats > host.loop_start_beats;
    t.loop_start = beats(host.loop_start_beats);
    t.loop_end = beats(host.loop_end_beats);
    t.bar_start = beats(host.bar_start);
    if (host.flags & CLAP_TRANSPORT_HAS_TIME_SIGNATURE) {
        t.numerator = host.tsig_num;
        t.denominator = host.tsig_denom;
    }
}

// Output values reach the host's display and automation about twenty times a second.
void show_outputs(Plugin& p, const clap_process_t* io) {
    p.since_shown += io->frames_count;
    if (p.since_shown < p.rate / 20) return;
    p.since_shown = 0;
    for (unsigned i = 0; i < COUNT; ++i) {
        const float v = p.core.value(i);
        if (!TABLE[i].output || v == p.shown[i]) continue;
        clap_event_param_value_t e{};
        e.header = {sizeof e, io->frames_count - 1, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, 0};
        e.param_id = i;
        e.note_id = e.port_index = e.channel = e.key = -1;
        e.value = v;
        if (io->out_events->try_push(io->out_events, &e.header)) p.shown[i] = v;
    }
}

clap_process_status process(const clap_plugin_t* plugin, const clap_process_t* io) {
    Plugin& p = self(plugin);
    Transport& t = p.transport;
    if (io->transport) read_transport(t, *io->transport);
    else t.playing = true, t.has_beat = false;  // a host without a transport: it runs freely
    t.offline = p.offline;
    static const float SILENCE[8192] = {};
    const uint32_t frames = io->frames_count;
    const float* in[2] = {SILENCE, SILENCE};
    const bool heard = io->audio_inputs_count && io->audio_inputs[0].data32 && io->audio_inputs[0].channel_count;
    if (!heard && frames > 8192) return CLAP_PROCESS_ERROR;
    for (uint32_t c = 0; heard && c < 2; ++c)
        in[c] = io->audio_inputs[0].data32[c < io->audio_inputs[0].channel_count ? c : 0];
    for (uint32_t c = 0; io->audio_outputs_count && c < io->audio_outputs[0].channel_count; ++c) {
        float* out = io->audio_outputs[0].data32[c];
        if (out != in[c & 1]) std::memmove(out, in[c & 1], frames * sizeof(float));
    }
    const uint32_t n_events = io->in_events ? io->in_events->size(io->in_events) : 0;
    for (uint32_t at = 0, next = 0; at < frames;) {  // split where the transport changes
        const clap_event_header_t* turn = nullptr;
        for (; next < n_events; ++next) {
            const clap_event_header_t* e = io->in_events->get(io->in_events, next);
            if (e->space_id != CLAP_CORE_EVENT_SPACE_ID) continue;
            if (e->type == CLAP_EVENT_PARAM_VALUE) {
                const auto* v = reinterpret_cast<const clap_event_param_value_t*>(e);
                p.core.automate(v->param_id, v->value, e->time > at ? e->time - at : 0);
            } else if (e->type == CLAP_EVENT_TRANSPORT && e->time > at && e->time < frames) {
                turn = e;
                ++next;
                break;
            }
        }
        const uint32_t end = turn ? turn->time : frames;
        p.core.process(in[0] + at, in[1] + at, end - at, t, [io, at](uint32_t frame, const uint8_t* b, uint32_t n) {
            clap_event_midi_t e{};
            e.header = {sizeof e, at + frame, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, 0};
            std::memcpy(e.data, b, n);
            return io->out_events->try_push(io->out_events, &e.header);
        });
        if (turn) read_transport(t, *reinterpret_cast<const clap_event_transport_t*>(turn));
        at = end;
    }
    show_outputs(p, io);
    return CLAP_PROCESS_CONTINUE;
}

// ---- life

bool init(const clap_plugin_t*) { return true; }
void destroy(const clap_plugin_t* plugin) { delete &self(plugin); }
bool activate(const clap_plugin_t* plugin, double rate, uint32_t, uint32_t max_block) {
    self(plugin).rate = rate;
    self(plugin).core.start(rate, max_block);
    return true;
}
void deactivate(const clap_plugin_t* plugin) { self(plugin).core.stop(); }
bool start_processing(const clap_plugin_t*) { return true; }
void nothing(const clap_plugin_t*) {}

uint32_t count_plugins(const clap_plugin_factory_t*) { return 1; }
const clap_plugin_descriptor_t* describe(const clap_plugin_factory_t*, uint32_t index) {
    return index ? nullptr : &DESCRIPTOR;
}
const clap_plugin_t* create(const clap_plugin_factory_t*, const clap_host_t*, const char* id) {
    if (std::strcmp(id, DESCRIPTOR.id)) return nullptr;
    auto* p = new Plugin;
    p->clap = {&DESCRIPTOR, p, init, destroy, activate, deactivate, start_processing, nothing, nothing,
               process, extension, nothing};
    return &p->clap;
}
const clap_plugin_factory_t FACTORY = {count_plugins, describe, create};

bool enter(const char*) { return true; }
void leave() {}
const void* factory(const char* id) { return std::strcmp(id, CLAP_PLUGIN_FACTORY_ID) ? nullptr : &FACTORY; }

}  // namespace

extern "C" CLAP_EXPORT const clap_plugin_entry_t clap_entry = {CLAP_VERSION_INIT, enter, leave, factory};
