namespace RpiAgent.Coordinator.Scheduling;

/// <summary>The order of the random strategy: FNV-1a with a final mix, the same on every machine.</summary>
internal static class NodeHash
{
    public const uint Start = 2166136261;

    public static uint Text(uint hash, string text)
    {
        foreach (char c in text)
        {
            hash = (hash ^ c) * 16777619;
        }
        return (hash ^ 0xFFFF) * 16777619;
    }

    public static uint Node(uint seed, string name)
    {
        uint hash = Text(seed, name);
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
        return hash ^ (hash >> 16);
    }
}
