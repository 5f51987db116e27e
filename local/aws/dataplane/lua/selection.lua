-- What of a viewer's request names the response in the cache, and what of it the origin is told.
local sites = require "sites"

local M = {}

-- Whether a selection takes a name: { mode, names = { name = true } }.
local function takes(selection, name)
    if selection.mode == "all" then
        return true
    elseif selection.mode == "whitelist" then
        return selection.names[name] == true
    elseif selection.mode == "allExcept" then
        return selection.names[name] ~= true
    end
    return false
end

-- The parts whose names one of the selections takes, as they came and in their order.
local function chosen(parts, selections)
    local found = {}
    for _, part in ipairs(parts) do
        for _, selection in ipairs(selections) do
            if takes(selection, part.name) then
                found[#found + 1] = part.text
                break
            end
        end
    end
    return found
end

local function arguments()
    local parts = {}
    for text in (ngx.var.args or ""):gmatch("[^&]+") do
        parts[#parts + 1] = { text = text, name = ngx.unescape_uri(text:match("^[^=]*")) }
    end
    return parts
end

local function cookies()
    local parts = {}
    for text in (ngx.var.http_cookie or ""):gmatch("[^;]+") do
        local trimmed = text:match("^%s*(.-)%s*$")
        parts[#parts + 1] = { text = trimmed, name = trimmed:match("^[^=]*") }
    end
    return parts
end

-- The compressions that count, as CloudFront normalises Accept-Encoding.
local function encodings(wanted)
    local accepted = (ngx.var.http_accept_encoding or ""):lower()
    local found = {}
    for _, name in ipairs(wanted) do
        if accepted:find(name, 1, true) then
            found[#found + 1] = name
        end
    end
    return table.concat(found, ",")
end

-- The path for the origin: as it came, unless something here stands in its place or the origin is a bucket, whose
-- name is part of the path.
local function path(raw)
    local came = ngx.var.request_uri:match("^[^?]*")
    if not raw or ngx.req.is_internal() or (came == "/" and ngx.var.uri ~= "/") then
        return ngx.escape_uri(ngx.var.uri, 0)
    end
    return came
end

local function variables(names)
    local values = {}
    for index, name in ipairs(names) do
        values[index] = ngx.escape_uri(ngx.var[name] or "")
    end
    return table.concat(values, ",")
end

-- Called when the behaviour is known.
function M.prepare(site, number)
    local behaviour = sites.behaviour(site, number)
    local key, told = behaviour.key, behaviour.told
    local query, cookie = arguments(), cookies()
    local encoding = encodings(behaviour.encodings)
    local asked = table.concat(chosen(query, { key.query, told.query }), "&")
    if ngx.req.is_internal() then
        -- An error page answers a request that was for something else.
        ngx.var.edge_substituted = "1"
    end
    ngx.var.edge_target = path(behaviour.raw) .. (asked ~= "" and "?" .. asked or "")
    ngx.var.edge_cookies = table.concat(chosen(cookie, { key.cookies, told.cookies }), "; ")
    ngx.var.edge_encoding = encoding
    ngx.var.edge_key = table.concat({
        ngx.escape_uri(ngx.var.uri, 0) .. "?" .. table.concat(chosen(query, { key.query }), "&"),
        variables(key.headers),
        ngx.escape_uri(table.concat(chosen(cookie, { key.cookies }), "; ")),
        encoding,
    }, "|")
end

return M
