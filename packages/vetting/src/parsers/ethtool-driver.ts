/** The driver and firmware that `ethtool -i` tells of. Fields that are empty or `N/A` are absent. */
export function parseEthtoolDriver(text: string): { driver?: string; firmware?: string; bus?: string } {
  const said = (name: string): string | undefined => {
    const value = new RegExp(`^${name}:[ \\t]*(\\S.*)$`, "m").exec(text)?.[1]?.trim();
    return value === undefined || /^(n\/a|unknown)$/i.test(value) ? undefined : value;
  };
  const [driver, firmware, bus] = [said("driver"), said("firmware-version"), said("bus-info")];
  return {
    ...(driver !== undefined && { driver }),
    ...(firmware !== undefined && { firmware }),
    ...(bus !== undefined && { bus }),
  };
}
