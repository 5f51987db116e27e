-- What was rendered for each distribution, read once, when nginx starts or reloads.
local cjson = require "cjson.safe"

local M = { of = {} }

-- Read the file of each site; an unreadable one ends the (re)load with its reason.
function M.load(paths)
    for _, path in ipairs(paths) do
        local file = assert(io.open(path, "r"))
        local site = assert(cjson.decode(file:read("*a")))
        file:close()
        M.of[site.id] = site
    end
end

function M.behaviour(id, number)
    return M.of[id].behaviours[number + 1]
end

return M
