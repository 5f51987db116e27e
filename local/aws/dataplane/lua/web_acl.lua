-- A distribution's web ACL: rules in the order of their priorities; the first that allows or blocks decides.
local sites = require "sites"

local M = {}

-- A window is counted in so many slices: the older ones leave it one by one.
local SLICES = 10

local function is_address(text)
    if text:find(":", 1, true) then
        return text:match("^[%x:%.]+$") ~= nil
    end
    local found = 0
    for part in text:gmatch("[^.]+") do
        if not part:match("^%d+$") or tonumber(part) > 255 then
            return false
        end
        found = found + 1
    end
    return found == 4
end

-- Requests with this key in the window that ends now, this one included.
local function counted(statement, key)
    local counts = ngx.shared.edge_rates
    local width = statement.window / SLICES
    local slice = math.floor(ngx.now() / width)
    local prefix = statement.counter .. " " .. key .. " "
    local sum = counts:incr(prefix .. slice, 1, 0, statement.window + width) or 0
    for back = 1, SLICES - 1 do
        sum = sum + (counts:get(prefix .. (slice - back)) or 0)
    end
    return sum
end

local matches

local kinds = {
    never = function()
        return false
    end,
    ["and"] = function(statement)
        for _, each in ipairs(statement.of) do
            if not matches(each) then
                return false
            end
        end
        return true
    end,
    ["or"] = function(statement)
        for _, each in ipairs(statement.of) do
            if matches(each) then
                return true
            end
        end
        return false
    end,
    ["not"] = function(statement)
        return not matches(statement.of[1])
    end,
    address = function(statement)
        if statement.source then
            local address = ngx.var[statement.source]
            if address == "" then
                return false
            end
            if not is_address(address) then
                return statement.fallback
            end
        end
        return ngx.var[statement.member] == "1"
    end,
    rate = function(statement)
        if statement.of and not matches(statement.of[1]) then
            return false
        end
        local key = statement.source and ngx.var[statement.source] or "everybody"
        -- A request without the header is not counted at all.
        if key == "" then
            return false
        end
        if statement.source and not is_address(key) then
            return statement.fallback
        end
        return counted(statement, key) > statement.limit
    end,
}

matches = function(statement)
    return kinds[statement.kind](statement)
end

-- The rule that decides, nil if none does.
local function decisive(rules)
    for _, rule in ipairs(rules) do
        if rule.rules then
            local found = decisive(rule.rules)
            if found then
                return found
            end
        elseif matches(rule.when) and rule.action ~= "count" then
            return rule
        end
    end
    return nil
end

local function refuse(answer)
    if not answer then
        return ngx.exit(ngx.HTTP_FORBIDDEN)
    end
    ngx.status = answer.status
    for _, header in ipairs(answer.headers) do
        ngx.header[header[1]] = header[2]
    end
    if answer.type then
        ngx.header["Content-Type"] = answer.type
    end
    ngx.print(answer.body)
    return ngx.exit(answer.status)
end

-- Called before anything else looks at a viewer's request.
function M.judge(site)
    local acl = sites.of[site].web_acl
    -- The request for an error page is the edge's own.
    if not acl or ngx.req.is_internal() then
        return
    end
    local verdict = decisive(acl.rules) or acl.default
    if verdict.action == "block" then
        return refuse(verdict.answer)
    end
end

return M
