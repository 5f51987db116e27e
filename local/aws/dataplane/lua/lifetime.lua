-- How long a response is kept, by a cache policy's times and the origin's headers; and how old one is.
-- CloudFront Developer Guide: "Manage how long content stays in the cache", "How CloudFront processes HTTP 4xx and 5xx".
local sites = require "sites"

local M = {}

local STORED = "X-Groundwork-Stored"
-- Errors that are kept whatever the origin says, and those that take its word or a declared error response.
local ALWAYS = { [404] = true, [414] = true, [500] = true, [501] = true, [502] = true, [503] = true, [504] = true }
local ON_DEMAND = { [400] = true, [403] = true, [405] = true, [412] = true, [415] = true }
-- Redirects that are kept only where the origin says so.
local TOLD_ONLY = { [307] = true, [308] = true }
local ERROR_SECONDS = 10

local function joined(value)
    return type(value) == "table" and table.concat(value, ",") or value
end

local function directives(header)
    local found = {}
    for part in (header or ""):gmatch("[^,]+") do
        local name, value = part:match("^%s*([%w-]+)%s*=?%s*\"?([^\"]-)\"?%s*$")
        if name then
            found[name:lower()] = value
        end
    end
    return found
end

-- Seconds that the origin wants, nil if it does not say.
local function wanted(control, expires)
    local told = control["s-maxage"] or control["max-age"]
    if told and told:match("^%d+$") then
        return tonumber(told)
    end
    if expires then
        local moment = ngx.parse_http_time(expires)
        return moment and math.max(0, moment - ngx.time()) or 0
    end
    return nil
end

local function of_error(status, errors, control)
    local declared = errors[tostring(status)]
    local told = wanted(control)
    if ALWAYS[status] or (ON_DEMAND[status] and (declared or told)) then
        return math.max(declared or ERROR_SECONDS, told or 0)
    end
    return 0
end

-- Seconds that a response is kept.
function M.seconds(status, times, errors, cache_control, expires)
    local control = directives(cache_control)
    if status >= 400 then
        return of_error(status, errors, control)
    end
    if TOLD_ONLY[status] and not cache_control then
        return 0
    end
    if control["no-cache"] or control["no-store"] or control["private"] then
        return times.least
    end
    return math.min(times.most, math.max(times.least, wanted(control, expires) or times.usual))
end

-- On the origin's side: tell the cache, by the header that it obeys before all others and does not pass on.
function M.tell(site, number)
    local times = sites.behaviour(site, number).times
    local header = ngx.header
    local control, expires = joined(header["Cache-Control"]), joined(header["Expires"])
    header["X-Accel-Expires"] = M.seconds(ngx.status, times, sites.of[site].errors, control, expires)
    header[STORED] = ngx.time()
end

-- On the viewer's side: how long ago the origin was asked.
function M.age()
    local state = ngx.var.upstream_cache_status
    if not state or state == "BYPASS" then
        return
    end
    local confirmed = ngx.shared.edge_confirmed
    -- Not the key itself: it may be longer than it is worth.
    local name = ngx.md5(ngx.var.edge_site .. ngx.var.edge_key)
    if state == "MISS" or state == "EXPIRED" then
        confirmed:delete(name)
        return
    end
    if state == "REVALIDATED" then
        -- What is kept says when it first came.
        confirmed:set(name, ngx.time())
    end
    local since = confirmed:get(name) or tonumber(ngx.var.upstream_http_x_groundwork_stored)
    if since then
        ngx.header["Age"] = math.max(0, ngx.time() - since)
    end
end

return M
