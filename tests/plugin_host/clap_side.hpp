// A CLAP plug-in in the host.
#pragma once
#include "side.hpp"
#include <clap/entry.h>
#include <clap/events.h>
#include <clap/ext/params.h>
#include <clap/ext/state.h>
#include <clap/host.h>
#include <clap/plugin-factory.h>
#include <clap/plugin.h>

class ClapSide : public Side {
public:
    explicit ClapSide(const std::string& path) {
        entry_ = static_cast<const clap_plugin_entry_t*>(symbol(library_of(path), "clap_entry"));
        if (!entry_ || !entry_->init(path.c_str())) std::exit(1);
        const auto* factory = static_cast<const clap_plugin_factory_t*>(entry_->get_factory(CLAP_PLUGIN_FACTORY_ID));
        plugin_ = factory->create_plugin(factory, &HOST, factory->get_plugin_descriptor(factory, 0)->id);
        if (!plugin_ || !plugin_->init(plugin_)) std::exit(1);
        params_ = static_cast<const clap_plugin_params_t*>(plugin_->get_extension(plugin_, CLAP_EXT_PARAMS));
        state_ = static_cast<const clap_plugin_state_t*>(plugin_->get_extension(plugin_, CLAP_EXT_STATE));
    }
    ~ClapSide() override {
        plugin_->destroy(plugin_);
        entry_->deinit();
    }
    void render(bool offline) override {
        struct Render { bool (*waits)(const clap_plugin_t*); bool (*set)(const clap_plugin_t*, int32_t); };
        static_cast<const Render*>(plugin_->get_extension(plugin_, "clap.render"))->set(plugin_, offline);
    }
    void activate(double rate, uint32_t max_block) override {
        active_ = plugin_->activate(plugin_, rate, 1, max_block) && plugin_->start_processing(plugin_);
    }
    void deactivate() override {
        if (!active_) return;
        active_ = false;
        plugin_->stop_processing(plugin_);
        plugin_->deactivate(plugin_);
    }
    void process(float** in, float** out, uint32_t frames, const Moment& m) override {
        clap_event_transport_t t{};
        t.header = {sizeof t, 0, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT, 0};
        t.flags = CLAP_TRANSPORT_HAS_TEMPO | CLAP_TRANSPORT_HAS_BEATS_TIMELINE | CLAP_TRANSPORT_HAS_TIME_SIGNATURE;
        if (m.playing) t.flags |= CLAP_TRANSPORT_IS_PLAYING;
        t.song_pos_beats = fixed(m.beat);
        t.tempo = m.bpm;
        t.tempo_inc = m.ramp;
        t.tsig_num = static_cast<uint16_t>(m.num);
        t.tsig_denom = static_cast<uint16_t>(m.den);
        t.bar_start = fixed(m.bar_start);
        t.bar_number = static_cast<int32_t>(m.bar);
        if (m.loop_end > m.loop_start) {
            t.flags |= CLAP_TRANSPORT_IS_LOOP_ACTIVE;
            t.loop_start_beats = fixed(m.loop_start);
            t.loop_end_beats = fixed(m.loop_end);
        }
        for (uint32_t i = 0; i < sets.size() && i < MOST; ++i) {
            clap_event_param_value_t& e = events_[i] = {};
            e.header = {sizeof e, sets[i].frame, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, 0};
            e.param_id = sets[i].index;
            e.note_id = e.port_index = e.channel = e.key = -1;
            e.value = sets[i].value;
        }
        clap_audio_buffer_t a = {in, nullptr, 2, 0, 0}, b = {out, nullptr, 2, 0, 0};
        const clap_input_events_t events = {this, count, get};
        const clap_output_events_t to = {this, push};
        const clap_process_t io = {m.frame, frames, m.told ? &t : nullptr, &a, &b, 1, 1, &events, &to};
        plugin_->process(plugin_, &io);
    }
    double value(unsigned index) override {
        double value = NAN;
        params_->get_value(plugin_, index, &value);
        return value;
    }
    bool save(std::FILE* file) override {
        const clap_ostream_t stream = {file, [](const clap_ostream_t* s, const void* data, uint64_t n) {
            return static_cast<int64_t>(std::fwrite(data, 1, n, static_cast<std::FILE*>(s->ctx)));
        }};
        return state_->save(plugin_, &stream);
    }
    bool load(std::FILE* file) override {
        const clap_istream_t stream = {file, [](const clap_istream_t* s, void* data, uint64_t n) {
            return static_cast<int64_t>(std::fread(data, 1, n, static_cast<std::FILE*>(s->ctx)));
        }};
        return state_->load(plugin_, &stream);
    }

private:
    static constexpr uint32_t MOST = 64;
    const clap_plugin_entry_t* entry_;
    const clap_plugin_t* plugin_;
    const clap_plugin_params_t* params_;
    const clap_plugin_state_t* state_;
    bool active_ = false;
    clap_event_param_value_t events_[MOST];

    static void nothing(const clap_host_t*) {}
    static const void* none(const clap_host_t*, const char*) { return nullptr; }
    static constexpr clap_host_t HOST = {CLAP_VERSION_INIT, nullptr, "test host", "", "", "1", none, nothing, nothing, nothing};
    static clap_beattime fixed(double beats) { return std::llround(beats * CLAP_BEATTIME_FACTOR); }
    static uint32_t count(const clap_input_events_t* list) {
        const size_t n = static_cast<ClapSide*>(list->ctx)->sets.size();
        return n < MOST ? static_cast<uint32_t>(n) : MOST;
    }
    static const clap_event_header_t* get(const clap_input_events_t* list, uint32_t i) {
        return &static_cast<ClapSide*>(list->ctx)->events_[i].header;
    }
    static bool push(const clap_output_events_t*, const clap_event_header_t* e) {
        if (is_full()) return false;
        if (e->type == CLAP_EVENT_MIDI) return take_midi(e->time, reinterpret_cast<const clap_event_midi_t*>(e)->data);
        if (e->type == CLAP_EVENT_PARAM_VALUE) {
            const auto* v = reinterpret_cast<const clap_event_param_value_t*>(e);
            take_parameter(e->time, v->param_id, v->value);
        }
        return true;
    }
};
