# Lua: numbers, strings, tables, coroutines, metatables, closures, files, the collector.
# packages: lua5.4
# seconds: 60
cat > /tmp/script.lua << 'LUA'
local function section(name) print('-- ' .. name) end

section 'numbers'
print(7 // 2, -7 // 2, -7 % 3, 7 / 2, 2 ^ 0.5, 1e15, 1e100, 3 | 4, 5 ~ 1, ~0, 1 << 62, 1 << 64, 0x7fffffffffffffff + 1, math.maxinteger // -1, 5.5 // 2, -5.5 % 2)
print(10 // 3.0, 1 / 0, -1 / 0, 0 / 0 ~= 0 / 0, math.type(1), math.type(1.0), math.tointeger(3.0), 3 == 3.0, '10' + 5, 10 .. 20, tonumber('0x1p4'), tonumber('ff', 16), math.ult(1, -1))
print(string.format('%5.2f|%d|%x|%e|%g|%a|%q|%10s|%-5s|', 3.14159, 42, 255, 12345.678, 1e-10, 1.5, 'a\n"b"', 'right', 'left'))
print(math.floor(-3.5), math.ceil(-3.5), math.fmod(-7, 3), math.max(3, 9, 2), math.abs(math.mininteger), string.format('%.14g', math.pi), math.exp(1), math.sin(1), 2^53 == 2^53 + 1)

section 'strings'
print(('hello'):upper(), #'héllo', utf8.len 'héllo', ('x'):rep(5, '-'), ('hello'):sub(-3, -2), ('abc'):byte(1, -1), string.char(72, 105), ('hello world'):find('o w'), ('a.b'):find('.', 1, true))
print(('hello world'):gsub('o', '0'), ('key = value'):match('^(%w+)%s*=%s*(%w+)$'), ('f(a(b)c)d'):match('%b()'), ('THE (quick) fox'):find('%((%a+)%)'), ('abc'):gsub('%w', '%0%0'), ('hello'):gsub('', '-'))
for k, v in ('a=1, b=2, c=3'):gmatch('(%w+)=(%w+)') do io.write(k, v, ' ') end
for p, c in utf8.codes('aé€') do io.write(p, ':', c, ' ') end print()
print(('x'):rep(1000000):len(), string.pack('>i4z', 1000, 'end'):byte(1, -1)) print(string.unpack('<d', string.pack('<d', 3.25)), ('%d'):format(3.0), pcall(string.format, '%d', 3.5))

section 'tables'
local seed, list = 42, {}
for i = 1, 20000 do seed = (seed * 1103515245 + 12345) % 2147483648; list[i] = seed % 100000 end
table.sort(list) local sum = 0 for i, v in ipairs(list) do sum = (sum * 31 + v * i) % 1000000007 end print(list[1], list[10000], list[20000], sum)
table.sort(list, function(a, b) return a % 100 > b % 100 or a % 100 == b % 100 and a < b end) print(list[1], list[2], list[20000])
local t = { 1, 2, 3, x = 'y', [10] = 'ten' } table.insert(t, 2, 'in') table.remove(t, 1) print(#t, table.concat(t, ','), t.x, t[10], select('#', table.unpack({ 1, nil, 3 }, 1, 3)), next({}))
local h = {} for i = 1, 100000 do h['k' .. i] = i end for i = 1, 100000, 2 do h['k' .. i] = nil end local n = 0 for _, v in pairs(h) do n = n + v end print(n)
print(table.concat(table.move({ 1, 2, 3, 4, 5 }, 2, 5, 1), ' '), #table.pack(1, 2, nil, 4) >= 2, rawlen { 1, 2 }, rawequal(t, t))

section 'control'
local function producer() return coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i * i) end end) end
for v in producer() do io.write(v, ' ') end print()
local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e = coroutine.yield(c * 2) error({ code = d + e }) end)
print(coroutine.resume(co, 1, 2)) print(coroutine.resume(co, 10)) local ok, e = coroutine.resume(co, 3, 4) print(ok, e.code, coroutine.status(co), (coroutine.close(co)))
print(pcall(error, 'plain'), select(2, pcall(error, { 1 }))[1], select(2, xpcall(function() local x = nil; return x.y end, function(m) return (m:gsub('^.-:%d+: ', '')) end)))
local function deep(n) if n == 0 then return 'bottom' end return deep(n - 1) end print(deep(1000000)) print((select(2, pcall(function() local function f() return 1 + f() end f() end)):match('stack overflow')))
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end print(fib(22))
for i = 10, 1, -3 do io.write(i, ' ') end for i = math.maxinteger - 1, math.maxinteger do io.write(i, ' ') end for x = 0, 1, 0.25 do io.write(x, ' ') end goto done print 'skipped' ::done:: print()
do local c <close> = setmetatable({}, { __close = function() print 'closed' end }) local k <const> = 5 print(k) end

section 'metatables'
local V = {} V.__index = V V.__add = function(a, b) return setmetatable({ a[1] + b[1] }, V) end V.__eq = function(a, b) return a[1] == b[1] end V.__lt = function(a, b) return a[1] < b[1] end V.__tostring = function(v) return 'V' .. v[1] end V.__call = function(self, x) return self[1] * x end V.__len = function() return 99 end V.__concat = function(a, b) return 'cat' end
local a, b = setmetatable({ 1 }, V), setmetatable({ 2 }, V) print(tostring(a + b), a == b, a < b, a(7), #a, a .. 'x') local p = setmetatable({}, { __index = function(_, k) return k .. '!' end, __newindex = function(s, k, v) rawset(s, k, v * 2) end }) p.x = 5 print(p.x, p.y)
local weak = setmetatable({}, { __mode = 'v' }) weak[1] = {} weak[2] = list collectgarbage() print(weak[1], weak[2] == list) local gone = 0 for i = 1, 100 do setmetatable({}, { __gc = function() gone = gone + 1 end }) end collectgarbage() collectgarbage() print(gone)
for i = 1, 200000 do local garbage = { i, tostring(i) } end collectgarbage 'generational' for i = 1, 100000 do local garbage = { {} } end collectgarbage 'incremental' print(collectgarbage 'count' < 100000)

section 'the system'
local name = os.tmpname() local f = assert(io.open(name, 'w+')) for i = 1, 1000 do f:write('line ', i, '\n') end f:seek 'set' print(f:read 'l', f:read 'n' == nil, f:seek 'end') f:seek('set', 5) print(f:read(2), f:read 'n', f:read 'L') f:close() local lines = 0 for _ in io.lines(name) do lines = lines + 1 end print(lines)
local pipe = io.popen('sort -n', 'w') for i = 9, 1, -4 do pipe:write(i, '\n') end pipe:close() local r = io.popen('echo out; exit 3') print(r:read 'a', r:close()) print(os.execute 'exit 5') print(os.execute 'kill -9 $$') print(io.open '/nonexistent') print(os.remove(name), os.getenv 'NONE', os.date('!%Y-%m-%d %H:%M:%S', 1e9), os.time { year = 2001, month = 9, day = 9, hour = 12 } > 0)
print(load('return 1 + ...')(41), load 'syntax error here', pcall(load, nil)) local chunk = string.dump(function(x) return x * 2 end) print(load(chunk)(21), #arg, select(-1, 1, 2, 3))
LUA
exec lua5.4 /tmp/script.lua
