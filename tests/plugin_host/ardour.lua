-- Run by ardour's Lua interpreter, without a screen or a sound server: a session with our LV2 on an
-- audio track, its notes recorded on a MIDI track. Environment: SESSION, SECONDS.
local user = ARDOUR.TransportRequestSource.TRS_UI
local function wait(seconds) ARDOUR.LuaAPI.usleep(math.floor(seconds * 1000000)) end
assert(not AudioEngine:set_backend("None (Dummy)", "", ""):isnil(), "no backend")
local session = assert(create_session(os.getenv("SESSION"), "proof", 48000), "no session")
local heard = session:new_audio_track(
  2, 2, nil, 1, "Heard", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true
):front()
local plugin = ARDOUR.LuaAPI.new_plugin(session, "urn:stimmung:plugin", ARDOUR.PluginType.LV2, "")
assert(not plugin:isnil(), "Ardour does not find the plug-in")
heard:add_processor_by_index(plugin, 0, nil, true)
wait(0.5)
local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local notes = session:new_midi_track(
  midi, midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "Notes",
  ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true
):front()
wait(0.3)
assert(heard:output():n_ports():n_midi() > 0, "the track has no MIDI output")
heard:output():midi(0):connect(notes:input():nth(0):name())
notes:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
wait(1.5)
session:goto_start()
session:maybe_enable_record()
wait(0.5)
session:request_roll(user)
wait(tonumber(os.getenv("SECONDS")))
session:request_stop(false, false, user)
wait(1.5)
session:disable_record(false, true)
session:save_state("", false, false, false, false, false)
close_session()
quit()
