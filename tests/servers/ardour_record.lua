-- Run by ardour's Lua interpreter, without a screen: make a session on the running JACK
-- server, record one MIDI track from a port, save.
-- Environment: SESSION (folder to make), SOURCE (JACK port), SECONDS.
-- Says READY when the transport rolls, SAVED at the end.

local folder = os.getenv("SESSION")
local source = os.getenv("SOURCE")
local seconds = tonumber(os.getenv("SECONDS"))

local function say(word)
  print(word)
  io.flush()
end

local function wait(s)
  ARDOUR.LuaAPI.usleep(math.floor(s * 1000000))
end

assert(not AudioEngine:set_backend("JACK", "", ""):isnil(), "no JACK backend")
local session = create_session(folder, "recording", 48000)
assert(session, "no session")

local midi = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local track = session:new_midi_track(
  midi, midi, true, ARDOUR.PluginInfo(), nil, nil, 1, "Notes",
  ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true
):front()
assert(track:input():nth(0):connect(source) == 0, "cannot connect to " .. source)
track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
wait(0.3)

session:goto_start()
session:maybe_enable_record()
wait(0.3)
session:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
for _ = 1, 100 do
  if session:actively_recording() then break end
  wait(0.05)
end
assert(session:actively_recording(), "not recording")
say("READY")

wait(seconds)
session:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
wait(1.0)
session:disable_record(false, true)
session:save_state("", false, false, false, false, false)
close_session()
say("SAVED")
quit()
