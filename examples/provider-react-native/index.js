import AsyncStorage from '@react-native-async-storage/async-storage'
import { AppRegistry } from 'react-native'
import { Root } from './src/root.tsx'

// Any storage with getItem and setItem will do; expo-secure-store keeps the session encrypted.
AppRegistry.registerComponent('Takt', () => () => <Root storage={AsyncStorage} />)
